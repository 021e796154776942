"""What several pages of the events share."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from serai.accounts.models import User
from serai.core.exports import FORMATS
from serai.events import policies, queries, shapes
from serai.events.models import Event
from serai.events.texts import event_name, event_text


def user_of(request: HttpRequest) -> User:
    """The person behind a request that passed a gate for signed-in people."""
    return cast(User, request.user)


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    request.serai_place = "meet"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def form_page(
    request: HttpRequest,
    form: forms.Form,
    context: dict[str, Any],
    *,
    template: str = "events/form.html",
) -> HttpResponse:
    """The page of a form; with errors it answers 422 and keeps what was typed."""
    return page(request, template, {"form": form, **context}, status=422 if form.errors else 200)


def organised_event(request: HttpRequest, pk: UUID) -> Event:
    """The event, if the viewer organises it; else the common 404."""
    return get_object_or_404(queries.with_event_texts(policies.organised_events(request.user)), pk=pk)


def event_context(request: HttpRequest, event: Event, here: str) -> dict[str, Any]:
    """What the head of every page of an event shows."""
    viewer = request.user
    organises = policies.may_organise(viewer, event)
    registration = queries.registration_of(viewer.pk, event) if viewer.is_authenticated else None
    taking_part = registration is not None and registration.status in policies.TAKING_PART
    text = event_text(event)
    return {
        "event": event,
        "text": text,
        "title": event_name(event),
        "title_lang": text.language if text else "",
        "organises": organises,
        "registration": registration,
        "taking_part": taking_part,
        "tabs": shapes.event_tabs(event, here, registered=registration is not None, organises=organises),
    }


def chosen_id(request: HttpRequest, name: str) -> UUID | None:
    """The id a form sent along; None if it is none."""
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError:
        return None


def asked(request: HttpRequest, name: str, length: int = 100) -> str:
    """A parameter of the address as text the database can take; empty if it is not there."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:length]


def downloads(request: HttpRequest) -> list[tuple[str, str]]:
    """(format, address) of the list that is shown, with its filters."""
    query = request.GET.copy()
    query.pop("page", None)
    return [(form, f"?{query.urlencode()}&format={form}") for form in FORMATS]
