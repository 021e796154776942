"""One's meeting requests: what waits for an answer first, answers with one tap."""

from collections import Counter
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from serai.core import policy, ui
from serai.core.api import capped_count
from serai.core.forms import with_errors
from serai.core.text import listed
from serai.events import actions, forms, policies, queries, shapes
from serai.events.models import Event, MeetingRequest
from serai.events.texts import event_name, slot_time, time_here
from serai.events.views.common import chosen_id, form_page, page, user_of
from serai.events.views.events import meet_tabs
from serai.exchange.shapes import organisation_chip

PAGE = 30
S = MeetingRequest.Status


@policy.route("events.request.own")
def request_list(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    sent = request.GET.get("tab") == "sent"
    rows = policies.own_requests(user)
    rows = rows.filter(requester__user=user) if sent else rows.filter(invitee__user=user)
    paged = Paginator(queries.with_sides(_waiting_first(rows)), PAGE).get_page(request.GET.get("page"))
    found = list(paged.object_list)
    total, _more = capped_count(rows)
    here = reverse("request_list")
    waiting, _more = capped_count(policies.requests_waiting_for(user))
    return page(
        request,
        "events/request_list.html",
        {
            "items": _items(found, user.pk),
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


def _items(requests: list[MeetingRequest], viewer_id: UUID) -> list[dict[str, object]]:
    """Rows of the list. Whether the two could meet at all is looked up once for all of them."""
    now = timezone.now()
    to_book = [r for r in requests if policies.is_bookable(r) and r.event.self_booking]
    fits = queries.fits(to_book) if to_book else {}
    return [_item(r, viewer_id, bool(fits[r.pk].free(now)) if r.pk in fits else None) for r in requests]


def _item(r: MeetingRequest, viewer_id: UUID, has_time: bool | None) -> dict[str, object]:
    """`has_time`: whether there is a free time to book; None where the two book none themselves."""
    mine, other = (r.requester, r.invitee) if r.requester.user_id == viewer_id else (r.invitee, r.requester)
    received = mine.pk == r.invitee_id
    meeting = shapes.standing_meeting(r)
    subject = queries.subject(r.listing)
    may_withdraw = policies.is_withdrawable(r, meeting) and (not received or r.status != S.PENDING)
    return {
        "r": r,
        "other": shapes.person_chip(other),
        "event_name": event_name(r.event),
        "subject": queries.listing_title(subject) if subject else "",
        "note": shapes.request_note(r, has_time),
        "meeting": meeting,
        "meeting_time": time_here(r.event, meeting.slot.during.lower) if meeting else "",
        "may_accept": received and policies.is_acceptable(r),
        "may_decline": received and r.status == S.PENDING,
        "may_withdraw": may_withdraw,
        "has_time": has_time,
    }


def _answered(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one row that changed for HTMX, else the list."""
    if not getattr(request, "htmx", False):
        return redirect("request_list")
    user = user_of(request)
    row = queries.with_sides(policies.own_requests(user).filter(pk=pk)).get()
    return render(request, "events/_request_row.html", {"item": _items([row], user.pk)[0]})


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
    fit, now, user = queries.fit(found), timezone.now(), user_of(request)
    free = []
    if policies.is_bookable(found) and policies.may_book(user, found):
        free = [(p.slot.pk, slot_time(found.event, p.slot.during.lower)) for p in fit.free(now)]
    context = {
        "r": found,
        "free": free,
        "names": {"a": found.requester.user.name, "b": found.invitee.user.name},
        "event_name": event_name(found.event),
        "hosts": [organisation_chip(host) for host in found.event.hosts.all()],
        **({} if free else _nowhere(found, fit, user.pk)),
    }
    return page(request, "events/request_book.html", context)


def _nowhere(found: MeetingRequest, fit: queries.Fit, viewer_id: UUID) -> dict[str, object]:
    """Why there is no time to choose, in one sentence, and what the viewer can do about it."""
    if found.event.status not in policies.SETS_MEETINGS:
        return {"why": _("Meetings cannot be booked at this event now.")}
    if not policies.is_bookable(found):
        return {"why": _("Only a request that was accepted and has no meeting yet can be booked.")}
    if not found.event.self_booking:
        return {"why": _("At this event the organisers set the meetings.")}
    hindered = fit.hindered_by(viewer_id, timezone.now())
    other = next(p for person, p in fit.people.items() if person != viewer_id)
    may_go_online = found.event.mode == Event.Mode.HYBRID and not fit.is_online
    return {
        "why": _why_nowhere(fit, hindered, other.user.name),
        "is_own": bool(hindered["me"]),
        "may_go_online": may_go_online and bool(hindered["tables"]),
        "asks_organisers": True,
    }


def _why_nowhere(fit: queries.Fit, hindered: Counter[str], other: str) -> str:
    times = hindered.total()
    if not times:
        return (
            _("All times of the meetings are past.")
            if fit.slots
            else _("The organisers have not set the times of the meetings yet.")
        )
    if fit.needs_helper and not fit.helpers:
        return _("The two of you share no language, and nobody at this event interprets between yours.")
    if not fit.tables:
        return (
            _("This meeting would be online, and the event has no online rooms.")
            if fit.is_online
            else _("The event has no tables yet.")
        )
    taken = (
        ngettext(
            "at %(n)d every online room is taken", "at %(n)d every online room is taken", hindered["tables"]
        )
        if fit.is_online
        else ngettext("at %(n)d every table is taken", "at %(n)d every table is taken", hindered["tables"])
    )
    said = {
        "me": ngettext(
            "at %(n)d you are away or have a meeting",
            "at %(n)d you are away or have a meeting",
            hindered["me"],
        ),
        "other": ngettext(
            "at %(n)d %(name)s is not free", "at %(n)d %(name)s is not free", hindered["other"]
        ),
        "tables": taken,
        "interpreter": ngettext(
            "at %(n)d no interpreter for the two of you is free",
            "at %(n)d no interpreter for the two of you is free",
            hindered["interpreter"],
        ),
    }
    reasons = listed(said[key] % {"n": hindered[key], "name": other} for key in said if hindered[key])
    text = ngettext(
        "The %(n)d time still to come does not suit: %(reasons)s.",
        "None of the %(n)d times still to come suits: %(reasons)s.",
        times,
    )
    return text % {"n": times, "reasons": reasons}
