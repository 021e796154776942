"""One's meeting requests: what waits for an answer first, answers with one tap."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from serai.core import policy, ui
from serai.core.api import capped_count
from serai.core.forms import with_errors
from serai.events import actions, forms, policies, queries, shapes
from serai.events.models import MeetingRequest
from serai.events.texts import event_name, event_time
from serai.events.views.common import chosen_id, form_page, page, user_of
from serai.events.views.events import meet_tabs

PAGE = 30
S = MeetingRequest.Status


@policy.route("events.request.own")
def request_list(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    sent = request.GET.get("tab") == "sent"
    rows = policies.own_requests(user)
    rows = rows.filter(requester__user=user) if sent else rows.filter(invitee__user=user)
    paged = Paginator(queries.with_sides(_waiting_first(rows)), PAGE).get_page(request.GET.get("page"))
    total, _more = capped_count(rows)
    here = reverse("request_list")
    waiting, _more = capped_count(policies.requests_waiting_for(user))
    return page(
        request,
        "events/request_list.html",
        {
            "items": [_item(r, user.pk) for r in paged.object_list],
            "page": paged,
            "total": total,
            "sent": sent,
            "to_events": ui.Action(_("Look at the events"), reverse("event_list"), "calendar-event"),
            "tabs": meet_tabs(user, "request_list"),
            "inner": [
                ui.Tab(_("Received"), here, not sent, waiting or None),
                ui.Tab(_("Sent"), f"{here}?tab=sent", sent),
            ],
        },
    )


def _waiting_first(rows: QuerySet[MeetingRequest]) -> QuerySet[MeetingRequest]:
    waiting = Case(When(status=S.PENDING, then=Value(0)), default=Value(1))
    return rows.annotate(place=waiting).order_by("place", "answer_due", "-created_at", "pk")


def _item(r: MeetingRequest, viewer_id: UUID) -> dict[str, object]:
    mine, other = (r.requester, r.invitee) if r.requester.user_id == viewer_id else (r.invitee, r.requester)
    received = mine.pk == r.invitee_id
    meeting = shapes.standing_meeting(r)
    subject = queries.subject(r.listing)
    return {
        "r": r,
        "other": shapes.person_chip(other),
        "event_name": event_name(r.event),
        "subject": queries.listing_title(subject) if subject else "",
        "note": shapes.request_note(r),
        "meeting": meeting,
        "meeting_time": event_time(r.event, meeting.slot.during.lower) if meeting else "",
        "may_answer": received and r.status == S.PENDING,
        "may_withdraw": (not received and r.status in policies.LIVE)
        or (received and r.status in {S.ACCEPTED, S.SCHEDULED}),
        "may_book": r.status == S.ACCEPTED and r.event.self_booking,
    }


def _answered(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one row that changed for HTMX, else the list."""
    if not getattr(request, "htmx", False):
        return redirect("request_list")
    user = user_of(request)
    row = queries.with_sides(policies.own_requests(user).filter(pk=pk)).get()
    return render(request, "events/_request_row.html", {"item": _item(row, user.pk)})


@policy.route("events.request.own")
@require_POST
def request_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(policies.own_requests(request.user), pk=pk)
    form = forms.AnswerForm(request.POST)
    form.full_clean()
    strength = form.cleaned_data.get("strength") or MeetingRequest.Strength.WANT
    actions.accept_request(request=found, strength=strength, by=user_of(request))
    return _answered(request, pk)


@policy.route("events.request.own")
def request_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(queries.with_sides(policies.own_requests(request.user)), pk=pk)
    form = forms.DeclineForm(request.POST or None)
    back = reverse("request_list")
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if with_errors(form, lambda: actions.decline_request(request=found, by=user_of(request), **values)):
            messages.success(request, _("Declined. The other side is told, with your reason."))
            return redirect(back)
    title = _("Decline to meet %(name)s") % {"name": found.requester.user.name}
    return form_page(request, form, {"title": title, "submit": _("Decline"), "cancel_url": back})


@policy.route("events.request.own")
@require_POST
def request_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(policies.own_requests(request.user), pk=pk)
    actions.withdraw_request(request=found, by=user_of(request))
    return _answered(request, pk)


@policy.route("events.request.own")
def request_book(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The free common slots of an accepted request; one tap books."""
    found = get_object_or_404(queries.with_sides(policies.own_requests(request.user)), pk=pk)
    if request.method == "POST":
        slot = get_object_or_404(found.event.slots, pk=chosen_id(request, "slot"))
        meeting = actions.book_meeting(request=found, slot=slot, by=user_of(request))
        messages.success(request, _("Booked."))
        return redirect("meeting_detail", pk=meeting.pk)
    free = [queries.FreeSlot(found.event, place.slot) for place in queries.free_places(found)]
    names = {"a": found.requester.user.name, "b": found.invitee.user.name}
    context = {"r": found, "free": free, "names": names, "event_name": event_name(found.event)}
    return page(request, "events/request_book.html", context)
