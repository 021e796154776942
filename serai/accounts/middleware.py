"""A signed-in person's language and time zone are those of their account."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from serai.core.viewer import viewer_of

Next = Callable[[HttpRequest], HttpResponse]


class PreferencesMiddleware:
    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        viewer = viewer_of(request)
        if not viewer.is_authenticated:
            return self.get_response(request)
        with timezone.override(ZoneInfo(getattr(viewer, "time_zone", "UTC"))):
            if request.COOKIES.get("serai_language"):
                return self.get_response(request)
            language = getattr(viewer, "language", "en")
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]
            return self.get_response(request)
