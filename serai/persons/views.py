"""A person's own data: asking for a copy, and fetching it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from serai.accounts.views import user_of
from serai.core import policy
from serai.persons import actions, policies


@policy.route("core.signed_in")
@require_http_methods(["GET", "POST"])
def own_data(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        actions.ask_for_copy(by=user_of(request))
        return redirect("own_data")
    copy = policies.own_copies(user_of(request)).defer("content").first()
    return render(request, "persons/own_data.html", {"copy": copy})


@policy.route("persons.own_copies")
@require_GET
def copy_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    ready = policies.own_copies(user_of(request)).filter(content__isnull=False)
    content = bytes(get_object_or_404(ready, pk=pk).content or b"")
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": 'attachment; filename="my-data.zip"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )
