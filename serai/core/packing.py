"""Pages of visitors who are not signed in are sent compressed; the others as they are."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class StrangersGZipMiddleware(GZipMiddleware):
    """Compress what holds no secret.

    The length of a compressed page tells who reads the wire what of it repeats the address (BREACH), and every page
    repeats the words searched for. So a page that was asked for with a session is left as it is.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers:
            return response
        return super().process_response(request, response)
