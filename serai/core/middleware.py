"""Errors become answers, doors without a rule stay shut, and a repeated POST has one effect."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from serai.core import policy, problems, reads, routes
from serai.core.bodies import IS_UNMEASURED, MOST_IN_PIECES
from serai.core.errors import Conflict, Invalid, LengthRequired, NotFound, SeraiError, TooLarge, TooMany
from serai.core.imports.uploads import MAX_UPLOAD_BYTES
from serai.core.models import IdempotentAnswer

Next = Callable[[HttpRequest], HttpResponse]
FORM_BYTES = 1 << 19
"""What a form may bring beside its file."""


class HeadMiddleware:
    """HEAD is answered as GET is, by every page and operation, without the body; its headers are the same (RFC 9110, 9.3.2)."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD":
            return self.get_response(request)
        request.method = "GET"
        response = self.get_response(request)
        request.method = "HEAD"
        if response.streaming:
            response.streaming_content = ()  # type: ignore[attr-defined]
        else:
            response.content = b""
        return response


class ErrorsMiddleware:
    """Turn the errors of `core.errors` into answers, and keep personal pages out of every cache.

    A body that is too large is refused by the length it announces, before anything of it is read or stored.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = body_limit(request)
        if "\x00" in request.path_info:  # no name holds it, and the database takes none
            response = problems.answer(request, NotFound(_("Not found.")))
        elif request.META.get(IS_UNMEASURED):
            message = _(
                "A body of more than %(limit)d MB must say its length (Content-Length); this one came in pieces."
            )
            response = problems.answer(request, LengthRequired(message % {"limit": MOST_IN_PIECES // 2**20}))
        elif _announced(request) > limit:
            message = _("What was sent is too large: %(limit)d MB at most.") % {"limit": limit // 2**20}
            response = problems.answer(request, TooLarge(message))
        else:
            response = self.get_response(request)
        if response.status_code >= 400 and problems.is_program(request):
            response = problems.in_shape(response)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return problems.as_page(request, error) if isinstance(error, SeraiError) else None


def body_limit(request: HttpRequest) -> int:
    """How many bytes a request may bring. Only forms with files (multipart) are streamed; the rest is in memory."""
    if request.content_type == "multipart/form-data":
        return MAX_UPLOAD_BYTES + FORM_BYTES
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)


def _announced(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdecimal() else 0


class PolicyMiddleware:
    """Deny by default: a view that declares no rule is not there."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        name = match.url_name if match else None
        if routes.is_interface_view(view):
            return  # each operation carries its own guard; the start-up check counts them
        if policy.rule_of_view(view, name) is None:
            raise Http404


class IdempotencyMiddleware:
    """A POST with an `Idempotency-Key` has one effect; repeating it returns the first answer.

    The key row, the change and the stored answer commit together, so a server killed in between has done
    all or nothing. A concurrent twin waits for the first to commit, then gets its answer. Whoever is not let in
    now gets no stored answer and leaves none: a token that ended, and a stranger, who could fill the node.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or not _is_let_in(request):
            return self.get_response(request)
        if len(key) > 200:
            return problems.answer(request, Invalid(_("The Idempotency-Key is too long.")))
        return self._once(request, key)

    def _once(self, request: HttpRequest, key: str) -> HttpResponse:
        principal = _principal(request)
        digest = _digest(request)
        with transaction.atomic():
            stored, is_new = IdempotentAnswer.objects.get_or_create(
                principal=principal, key=key, defaults={"request_hash": digest}
            )
            if not is_new:
                return _repeat(request, stored, digest)
            response = self.get_response(request)
            if response.status_code >= 500 or response.status_code in {401, 429}:
                transaction.set_rollback(True)
                return response
            if hasattr(response, "render"):
                response = response.render()
            stored.status = response.status_code
            stored.headers = {
                name: response[name] for name in ("Content-Type", "Location") if response.has_header(name)
            }
            stored.body = response.content
            stored.save()
        return response


class ReadBudgetMiddleware:
    """Count the full records that somebody who is signed in opens, and stop at the limit (`core.reads`).

    Asked after the view: only then it is known who holds a token, and whether there was anything to see.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match is None or not reads.is_counted(match.view_name):
            return response
        if request.method != "GET" or response.status_code != 200 or not request.user.is_authenticated:
            return response
        address = request.META.get("REMOTE_ADDR", "")
        door, pk = match.view_name, match.kwargs["pk"]
        if reads.may_read(door=door, reader=request.user, address=address, object_id=pk):
            return response
        if problems.is_program(request):
            message = _("You may open %(limit)d different records a day at most.") % {"limit": reads.limit()}
            return problems.as_json(TooMany(message))
        return render(request, "core/read_budget.html", {"limit": reads.limit()}, status=TooMany.status)


def _digest(request: HttpRequest) -> str:
    """What was asked, as one hash. A form with files is hashed by its parts: it may be larger than memory, and
    who repeats it draws another line between them."""
    digest = hashlib.sha256(request.get_full_path().encode() + b"\n")
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.hexdigest()
    digest.update(repr(sorted(request.POST.lists())).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()


def _is_let_in(request: HttpRequest) -> bool:
    """Whether the caller is known now. Who is not is refused, or served as a stranger, by the view itself."""
    if not request.headers.get("Authorization"):
        return request.user.is_authenticated
    try:
        return bool(import_string(settings.BEARER_DOOR)(request))
    except SeraiError:
        return False


def _principal(request: HttpRequest) -> str:
    """The person, or the token: a key of one never answers another."""
    token = request.headers.get("Authorization", "")
    if token:
        return "token:" + hashlib.sha256(token.encode()).hexdigest()
    return f"user:{request.user.pk or 'anyone'}"


def _repeat(request: HttpRequest, stored: IdempotentAnswer, digest: str) -> HttpResponse:
    if stored.request_hash != digest:
        return problems.answer(request, Conflict(_("This Idempotency-Key was used for another request.")))
    response = HttpResponse(bytes(stored.body), status=stored.status or 200)
    for name, value in stored.headers.items():
        response[name] = value
    response["Idempotent-Replay"] = "true"
    return response
