"""Answers when something went wrong: one shape for programs (`Problem`), a page for people.

Django calls `bad_request`, `forbidden`, `missing` and `broken` for what nobody caught; middleware and interface
use the same shape. Nothing here asks the database: it may be what is wrong.
"""

import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from serai.core.errors import (
    Broken,
    Conflict,
    NoSuchMethod,
    NotAllowed,
    NotFound,
    SeraiError,
    TooLarge,
    Unavailable,
)

API_ROOT = "/api/"
RETRY_AFTER_S = 5
_GONE = (OperationalError, InterfaceError)
"""What the database says while it restarts, is full, or gave up on a statement: it may work in a moment."""


def is_program(request: HttpRequest) -> bool:
    """Whether the request speaks to the programming interface; everything else is a page."""
    return request.path_info.startswith(API_ROOT)


def as_json(error: SeraiError) -> JsonResponse:
    """The one shape of every error of the programming interface (`core.api.Problem`)."""
    body: dict[str, Any] = {"code": error.code, "detail": str(error.message)}
    if error.fields:
        body["fields"] = {name: str(text) for name, text in error.fields.items()}
    if isinstance(error, Conflict) and error.alternatives:
        body["alternatives"] = error.alternatives
    return JsonResponse(body, status=error.status, headers=_headers(error))


def as_page(request: HttpRequest, error: SeraiError) -> HttpResponse:
    """The error as a page, or as the fragment that HTMX puts into one."""
    if isinstance(error, NotFound):
        # Raised anew, so that a hidden thing and a missing one get the very same page.
        return render(request, "404.html", status=404)
    if isinstance(error, Unavailable):
        is_read = request.method in ("GET", "HEAD")
        page = _bare(request, "503.html", is_read=is_read)
        return HttpResponse(page, status=error.status, headers=_headers(error))
    context = {"message": error.message, "fields": error.fields}
    if isinstance(error, Conflict):
        context["alternatives"] = error.alternatives
    template = "core/_error.html" if getattr(request, "htmx", False) else "core/error.html"
    return render(request, template, context, status=error.status)


def _bare(request: HttpRequest, template: str, **context: Any) -> str:
    """A page without anything that asks session or database, in the theme its reader chose."""
    return render_to_string(template, {"theme": request.COOKIES.get("serai_theme", ""), **context})


def answer(request: HttpRequest, error: SeraiError) -> HttpResponse:
    return as_json(error) if is_program(request) else as_page(request, error)


def _headers(error: SeraiError) -> dict[str, str]:
    return {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, Unavailable) else {}


# --- what Django asks for (`serai.urls`) ------------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return answer(request, TooLarge(_("What was sent is larger than this node takes at once.")))
    if is_program(request):
        return as_json(SeraiError(_("This request could not be read")))
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_program(request):
        return as_json(NotAllowed(_("You may not do this")))
    return defaults.permission_denied(request, exception)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_program(request):
        return as_json(NotFound(_("Not found.")))
    return defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """An error nobody expected, while it is handled: 503 where the database was its cause, else 500."""
    if is_database_gone(sys.exc_info()[1]):
        return answer(request, Unavailable(_("The database of this node does not answer at the moment.")))
    if is_program(request):
        return as_json(Broken(_("Something broke on our side")))
    return HttpResponseServerError(_bare(request, "500.html"))


def is_database_gone(error: BaseException | None) -> bool:
    """Whether it, or what it came of, is the database not being there."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, _GONE):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def in_shape(response: HttpResponse) -> HttpResponse:
    """An error of the interface that a library wrote in its own way (a method that is not there), as ours."""
    if response.get("Content-Type", "").startswith("application/json"):
        return response
    kinds: dict[int, tuple[type[SeraiError], str]] = {
        404: (NotFound, _("Not found.")),
        405: (NoSuchMethod, _("There is no such operation at this address.")),
    }
    kind, message = kinds.get(response.status_code, (SeraiError, _("This request could not be read")))
    shaped = as_json(kind(message))
    shaped.status_code = response.status_code
    if response.has_header("Allow"):
        shaped["Allow"] = response["Allow"]
    return shaped
