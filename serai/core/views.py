from django.conf import settings
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from serai.core import policy
from serai.core.style_samples import samples


@never_cache
@policy.route("core.public")
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@policy.route("core.public")
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: its database answers. Says nothing else to strangers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return JsonResponse({"status": "waiting for the database"}, status=503)
    return JsonResponse({"status": "ready"})


@policy.route("core.public")
def style(request: HttpRequest) -> HttpResponse:
    """The living style page, in development only."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "core/style.html", samples())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", {"reason": "csrf"}, status=403)
