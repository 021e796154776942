"""Errors become answers, doors without a rule stay shut, and a repeated POST has one effect."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from serai.core import policy, routes
from serai.core.errors import Conflict, NotFound, SeraiError
from serai.core.models import IdempotentAnswer

Next = Callable[[HttpRequest], HttpResponse]


class ErrorsMiddleware:
    """Turn the errors of `core.errors` into pages, and keep personal pages out of every cache."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, SeraiError):
            return None
        if isinstance(error, NotFound):
            # Raised anew, so that a hidden thing and a missing one get the very same page.
            return render(request, "404.html", status=404)
        context = {"message": error.message, "fields": error.fields}
        if isinstance(error, Conflict):
            context["alternatives"] = error.alternatives
        template = "core/_error.html" if getattr(request, "htmx", False) else "core/error.html"
        return render(request, template, context, status=error.status)


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
    all or nothing. A concurrent twin waits for the first to commit, then gets its answer.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key:
            return self.get_response(request)
        if len(key) > 200:
            return JsonResponse(
                {"code": "invalid", "detail": _("The Idempotency-Key is too long.")}, status=422
            )
        return self._once(request, key)

    def _once(self, request: HttpRequest, key: str) -> HttpResponse:
        principal = _principal(request)
        digest = hashlib.sha256(request.get_full_path().encode() + b"\n" + request.body).hexdigest()
        with transaction.atomic():
            stored, is_new = IdempotentAnswer.objects.get_or_create(
                principal=principal, key=key, defaults={"request_hash": digest}
            )
            if not is_new:
                return _repeat(stored, digest)
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


def _principal(request: HttpRequest) -> str:
    """The person, or the token: a key of one never answers another."""
    token = request.headers.get("Authorization", "")
    if token:
        return "token:" + hashlib.sha256(token.encode()).hexdigest()
    return f"user:{request.user.pk or 'anyone'}"


def _repeat(stored: IdempotentAnswer, digest: str) -> HttpResponse:
    if stored.request_hash != digest:
        detail = _("This Idempotency-Key was used for another request.")
        return JsonResponse({"code": "conflict", "detail": detail}, status=409)
    response = HttpResponse(bytes(stored.body), status=stored.status or 200)
    for name, value in stored.headers.items():
        response[name] = value
    response["Idempotent-Replay"] = "true"
    return response
