"""The node's routes and one more, whose author forgot the rule."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from serai.urls import urlpatterns as guarded


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("everything")


urlpatterns = [path("forgotten/", forgotten, name="forgotten"), *guarded]
