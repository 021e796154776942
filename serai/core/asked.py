"""Who a viewer is to the node (steward, verified member) is asked by many rules of one page: the database is asked once.

Only while a request that reads is answered. The next one asks anew, so a role that was taken away is gone with it;
what writes, the worker and the commands ask at every use.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

from serai.core.viewer import Viewer

T = TypeVar("T")
_answers: ContextVar[dict[tuple[object, ...], Any] | None] = ContextVar("answers", default=None)


def once_a_request(ask: Callable[[Viewer], T]) -> Callable[[Viewer], T]:
    """Let the decorated question about a person be asked once while a reading request is answered."""

    @wraps(ask)
    def asked(viewer: Viewer) -> T:
        answers = _answers.get()
        if answers is None or viewer.pk is None:
            return ask(viewer)
        key = (ask, viewer.pk)
        if key not in answers:
            answers[key] = ask(viewer)
        answer: T = answers[key]
        return answer

    return asked


class AskedOnceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _answers.set({} if request.method in {"GET", "HEAD"} else None)
        try:
            return self.get_response(request)
        finally:
            _answers.reset(before)
