"""Booking, moving and cancelling meetings. The seats guard them: see `actions.seats`."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from serai.accounts.models import User
from serai.core import audit, lifecycle
from serai.core.errors import Conflict, NotAllowed
from serai.core.kinds import kind_of
from serai.core.models import Link
from serai.events import languages, messages, policies, queries
from serai.events.actions import seats
from serai.events.lifecycle import MEETING, REQUEST
from serai.events.models import Meeting, MeetingRequest, MeetingSeat, Slot, Table
from serai.exchange.models import Interest, Listing

S = Meeting.Status
TAKEN = gettext_noop("This time has just been taken.")


def locked_request(request: MeetingRequest) -> MeetingRequest:
    """The request, locked, with both sides. Every booking of a request goes through this lock."""
    rows = MeetingRequest.objects.select_for_update(of=("self",)).select_related(
        "event__place",
        "listing",
        "requester__user",
        "requester__organisation",
        "invitee__user",
        "invitee__organisation",
    )
    return rows.get(pk=request.pk)


def lock_requests(*conditions: Q, **which: Any) -> None:
    """Lock requests in the order of their ids, before their meetings: everybody locks in this order."""
    rows = MeetingRequest.objects.select_for_update().filter(*conditions, **which).order_by("pk")
    list(rows.values_list("pk", flat=True))


def locked_meetings(**which: Any) -> QuerySet[Meeting]:
    """Meetings, locked in the order of their ids (so that two never wait for each other), with their parts."""
    rows = Meeting.objects.select_for_update(of=("self",)).select_related(
        "event__place",
        "slot",
        "table",
        "interpreter",
        "request__event__place",
        "request__requester__user",
        "request__requester__organisation",
        "request__invitee__user",
        "request__invitee__organisation",
    )
    return rows.filter(**which).order_by("pk")


@transaction.atomic
def book_meeting(*, request: MeetingRequest, slot: Slot, by: User, table: Table | None = None) -> Meeting:
    """Place an accepted request in a free slot, by an organiser or by one of the two.

    Without `table` the first free one is taken; an interpreter comes along where the two share no language.
    Raises NotAllowed for others, Conflict (with free common slots) if a person, the table or the last
    interpreter is taken, however many book at once.
    """
    request = locked_request(request)
    if not policies.may_book(by, request):
        raise NotAllowed(_("At this event the organisers set the meetings."))
    _check_bookable(request, slot)
    meeting = Meeting(event=request.event, request=request, slot=slot, is_invented=request.event.is_invented)
    place_meeting(meeting, slot=slot, table=table)
    lifecycle.advance(REQUEST, request, MeetingRequest.Status.SCHEDULED)
    request.unmet_reason = ""
    request.save(update_fields=["status", "unmet_reason", "updated_at"])
    meeting.save(force_insert=True)
    link_meetings([meeting], by=by)
    messages.tell_meeting(meeting, what="booked", but=by)
    audit.record(actor=by, action="events.meeting_booked", obj=meeting, data=meeting_data(meeting))
    return meeting


def _check_bookable(request: MeetingRequest, slot: Slot) -> None:
    if request.event.status not in policies.SETS_MEETINGS:
        raise Conflict(_("Meetings cannot be booked at this event now."))
    if request.status != MeetingRequest.Status.ACCEPTED:
        raise Conflict(_("Only a request that was accepted and has no meeting yet can be booked."))
    taking_part = (request.requester.status, request.invitee.status)
    if any(status not in policies.TAKING_PART for status in taking_part):
        raise Conflict(_("One of the two does not take part in the event."))
    _check_slot(request, slot)


def _check_slot(request: MeetingRequest, slot: Slot) -> None:
    if slot.event_id != request.event_id:
        raise Conflict(_("This slot belongs to another event."), alternatives=queries.alternatives(request))
    if slot.during.lower <= timezone.now():
        raise Conflict(_("This slot has begun or is over."), alternatives=queries.alternatives(request))


def place_meeting(meeting: Meeting, *, slot: Slot, table: Table | None) -> None:
    """Take all seats of a meeting in this slot and set its place, or raise Conflict with what is free."""
    request = meeting.request
    own = [meeting.pk]
    places = {place.slot.pk: place for place in queries.free_places(request, but=own)}
    place = places.get(slot.pk)
    if place is None or (table is not None and table not in place.tables):
        raise Conflict(_(TAKEN), alternatives=queries.alternatives(request, but=own))
    people = [request.requester.user_id, request.invitee.user_id]
    taken_table = interpreter = None
    if seats.take_people(meeting.pk, people, slot):
        interpreter = _take_interpreter(meeting, place)
        tables = {t.pk: t for t in ([table] if table else place.tables)}
        is_served = interpreter is not None or not queries.needs_interpreter(request)
        found = (
            seats.take_first(meeting.pk, MeetingSeat.Kind.TABLE, list(tables), slot) if is_served else None
        )
        taken_table = tables.get(found) if found else None
    if taken_table is None:
        seats.give_back(own)  # before looking for what is free: our own half must not count
        raise Conflict(_(TAKEN), alternatives=queries.alternatives(request, but=own))
    meeting.slot, meeting.table, meeting.interpreter = slot, taken_table, interpreter
    common = languages.shared(request.requester.languages, request.invitee.languages)
    meeting.language = common[0] if common else ""


def _take_interpreter(meeting: Meeting, place: queries.Place) -> Any:
    if not place.interpreters:
        return None
    by_seat = {queries.interpreter_seat(i): i for i in place.interpreters}
    found = seats.take_first(meeting.pk, MeetingSeat.Kind.INTERPRETER, list(by_seat), place.slot)
    return by_seat[found] if found else None


def meeting_data(meeting: Meeting) -> dict[str, Any]:
    """What the audit log keeps of a meeting: ids only."""
    return {
        "event": str(meeting.event_id),
        "request": str(meeting.request_id),
        "slot": str(meeting.slot_id),
        "table": str(meeting.table_id),
        "interpreter": str(meeting.interpreter_id) if meeting.interpreter_id else None,
    }


def link_meetings(meetings: Sequence[Meeting], *, by: User | None) -> None:
    """Put meetings into the chain: after the listing they are about, and after the interests they carry on.

    Written as one statement: a schedule makes hundreds. Saying it twice changes nothing.
    """
    links = [_link(m.request.listing, m, by) for m in meetings if m.request.listing is not None]
    links += [_link(interest, m, by) for interest, m in queries.carried_on(meetings)]
    Link.objects.bulk_create(links, ignore_conflicts=True)


def link_interest(interest: Interest) -> None:
    """Put the meetings that the two sides of an accepted interest have about it already after it in the chain."""
    about = queries.meetings_between(interest)
    links = [_link(found, m, None) for found, m in queries.carried_on(about) if found.pk == interest.pk]
    Link.objects.bulk_create(links, ignore_conflicts=True)


def _link(source: Listing | Interest, meeting: Meeting, by: User | None) -> Link:
    return Link(
        source_kind=kind_of(source).name,
        source_id=source.pk,
        relation=Link.Relation.MET_AS,
        target_kind=kind_of(meeting).name,
        target_id=meeting.pk,
        created_by=by,
    )


# --- changes ----------------------------------------------------------------------------------------------
@transaction.atomic
def move_meeting(*, meeting: Meeting, slot: Slot, by: User, table: Table | None = None) -> Meeting:
    """Give a meeting another time or table. For organisers; Conflict, with free slots, if it does not fit."""
    request = locked_request(meeting.request)
    meeting = locked_meetings(pk=meeting.pk).get()
    meeting.request = request
    if not policies.may_organise(by, meeting.event):
        raise NotAllowed(_("Only the organisers move meetings."))
    if meeting.status != S.CONFIRMED:
        raise Conflict(_("This meeting can no longer be moved."))
    _check_slot(request, slot)
    before = meeting_data(meeting)
    seats.give_back([meeting.pk])
    place_meeting(meeting, slot=slot, table=table)
    meeting.sequence += 1
    meeting.save()
    messages.tell_meeting(meeting, what="moved")
    audit.record(
        actor=by,
        action="events.meeting_moved",
        obj=meeting,
        data={**meeting_data(meeting), "before": before},
    )
    return meeting


@transaction.atomic
def cancel_meeting(*, meeting: Meeting, by: User) -> Meeting:
    """Call a meeting off: its seats are free again.

    By an organiser the request stays agreed and can be placed again; by one of the two it is withdrawn.
    Raises NotAllowed for others, Conflict once it has begun or ended.
    """
    locked_request(meeting.request)
    meeting = locked_meetings(pk=meeting.pk).get()
    is_party = policies.is_party(by, meeting)
    if not is_party and not policies.may_organise(by, meeting.event):
        raise NotAllowed(_("Only the two who meet and the organisers can cancel a meeting."))
    check_cancellable(meeting)
    to = MeetingRequest.Status.WITHDRAWN if is_party else MeetingRequest.Status.ACCEPTED
    return drop_meeting(meeting, by=by, request_to=to)


def check_cancellable(meeting: Meeting) -> None:
    if policies.is_cancellable(meeting):
        return
    if meeting.status == S.CONFIRMED:
        raise Conflict(_("This meeting has begun. Say whether it took place; it can no longer be cancelled."))
    raise Conflict(_("This meeting is over or was cancelled already."))


def drop_meeting(meeting: Meeting, *, by: User | None, request_to: str) -> Meeting:
    """Cancel a locked meeting and take its request to `request_to`."""
    lifecycle.advance(MEETING, meeting, S.CANCELLED)
    meeting.sequence += 1
    meeting.save(update_fields=["status", "sequence", "updated_at"])
    seats.free([meeting.pk])
    request = meeting.request
    lifecycle.advance(REQUEST, request, request_to)
    request.save(update_fields=["status", "updated_at"])
    messages.tell_meeting(meeting, what="cancelled", but=by)
    audit.record(
        actor=by,
        action="events.meeting_cancelled",
        obj=meeting,
        data={**meeting_data(meeting), "request_status": request_to},
    )
    return meeting


def mark_held(*, meeting: Meeting, by: User) -> Meeting:
    """Note that a meeting took place. For the two and the organisers, once it has begun."""
    return _close(meeting, S.HELD, by)


def mark_no_show(*, meeting: Meeting, by: User) -> Meeting:
    """Note that somebody did not come."""
    return _close(meeting, S.NO_SHOW, by)


@transaction.atomic
def _close(meeting: Meeting, to: str, by: User) -> Meeting:
    meeting = locked_meetings(pk=meeting.pk).get()
    if not policies.is_party(by, meeting) and not policies.may_organise(by, meeting.event):
        raise NotAllowed(_("Only the two who meet and the organisers can say this."))
    if meeting.slot.during.lower > timezone.now():
        raise Conflict(_("This meeting has not begun yet."))
    return close_meeting(meeting, to, by)


def close_meeting(meeting: Meeting, to: str, by: User | None) -> Meeting:
    """Take a locked meeting to held or no-show, with its audit entry."""
    lifecycle.advance(MEETING, meeting, to)
    meeting.save(update_fields=["status", "updated_at"])
    audit.record(actor=by, action=f"events.meeting_{to}", obj=meeting, data=meeting_data(meeting))
    return meeting
