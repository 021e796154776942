"""Asking for a meeting and answering: yes with one's own strength, no with a reason; silence expires."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from serai.events import messages, policies
from serai.events.actions.meetings import check_cancellable, drop_meeting, locked_meetings, locked_request
from serai.events.lifecycle import REQUEST
from serai.events.models import Event, Meeting, MeetingRequest, Participant
from serai.exchange.models import Listing
from serai.exchange.policies import may_see_owner

S = MeetingRequest.Status
MAX_PENDING = 50
"""So many questions of one person may wait at a time: asking everybody is asking nobody."""


@transaction.atomic
def ask_for_meeting(
    *,
    requester: Participant,
    invitee: Participant,
    by: User,
    strength: str = MeetingRequest.Strength.WANT,
    listing: Listing | None = None,
    message: str = "",
    language: str = "",
) -> MeetingRequest:
    """Ask another participant for a meeting; they answer by a date, or it expires.

    `listing` says what it is about and belongs to one of the two. Raises NotFound for somebody `by` may not
    see, NotAllowed unless `requester` is `by`, Conflict while there is a request between the two or after a no.
    """
    if requester.user_id != by.pk:
        raise NotAllowed(_("You can only ask for meetings in your own name."))
    if not policies.may_see_participant(by, invitee):
        raise NotFound(_("Not found."))
    pair = _locked_pair(requester, invitee)
    requester, invitee = pair[requester.pk], pair[invitee.pk]
    _check_pair(requester, invitee)
    _check_subject(requester, invitee, listing, by)
    request = MeetingRequest.objects.create(
        event=requester.event,
        requester=requester,
        invitee=invitee,
        strength=strength,
        listing=listing,
        message=message,
        language=language or by.language,
        answer_due=_answer_due(requester.event),
    )
    messages.tell_request(request, what="received", to=invitee, about=requester)
    _record(request, by, "events.meeting_requested")
    return request


def _locked_pair(a: Participant, b: Participant) -> dict[object, Participant]:
    """Both registrations, locked in one order: two who ask each other at once get one request."""
    rows = Participant.objects.select_for_update(of=("self",)).select_related(
        "event__place", "user", "organisation"
    )
    return {p.pk: p for p in rows.filter(pk__in=[a.pk, b.pk]).order_by("pk")}


def _check_pair(requester: Participant, invitee: Participant) -> None:
    event = requester.event
    if not policies.takes_requests(event):
        raise Conflict(_("Meetings can no longer be asked for at this event."))
    if requester.event_id != invitee.event_id:
        raise Conflict(_("The two do not take part in the same event."))
    if requester.pk == invitee.pk:
        raise Invalid(_("You cannot meet yourself."))
    if requester.status not in policies.TAKING_PART:
        raise Conflict(_("Your registration must be confirmed first."))
    if invitee.status not in policies.TAKING_PART:
        raise Conflict(_("This person does not take part in the event."))
    between = MeetingRequest.objects.filter(policies.sides(requester)).filter(policies.sides(invitee))
    if between.filter(status__in=policies.LIVE).exists():
        raise Conflict(_("There is a request between the two of you already."))
    if between.filter(status=S.DECLINED, requester=requester).exists():
        raise Conflict(_("This person has already declined."))
    pending = MeetingRequest.objects.filter(requester=requester, status=S.PENDING)
    if pending.count() >= MAX_PENDING:
        raise TooMany(_("Too many of your requests wait for an answer. Wait, or withdraw some."))


def _check_subject(requester: Participant, invitee: Participant, listing: Listing | None, by: User) -> None:
    """An unnamed listing of the other side is refused like any stranger's: a yes would tell whose it is."""
    if listing is None:
        return
    owner = listing.organisation_id
    is_own = owner == requester.organisation_id
    is_theirs = owner == invitee.organisation_id and may_see_owner(by, listing)
    if not (is_own or is_theirs) or listing.status != Listing.Status.PUBLISHED:
        raise Invalid(
            _("Choose a published listing of one of the two sides."),
            fields={"listing": _("Not a published listing of either side.")},
        )


def _answer_due(event: Event) -> date:
    """As many days as the event gives, but not after the last moment at which an answer is of use."""
    latest = event.requests_until or event.starts_at
    due = timezone.localdate() + timedelta(days=event.answer_days)
    return max(timezone.localdate(), min(due, latest.date()))


def _record(request: MeetingRequest, by: User | None, action: str) -> None:
    data = {
        "event": str(request.event_id),
        "requester": str(request.requester_id),
        "invitee": str(request.invitee_id),
        "listing": str(request.listing_id) if request.listing_id else None,
        "status": request.status,
    }
    audit.record(actor=by, action=action, obj=request, data=data)


def _answerable(request: MeetingRequest, by: User) -> MeetingRequest:
    request = locked_request(request)
    if not policies.may_answer_request(by, request):
        raise NotAllowed(_("Only the one who was asked can answer."))
    if request.status != S.PENDING:
        raise Conflict(_("This request has already been answered or has ended."))
    return request


@transaction.atomic
def accept_request(
    *, request: MeetingRequest, by: User, strength: str = MeetingRequest.Strength.WANT
) -> MeetingRequest:
    """Say yes, and how much one wants it.

    Raises NotAllowed for others, Conflict if it is answered already or the event has no more meetings.
    """
    request = _answerable(request, by)
    if not policies.is_acceptable(request):
        raise Conflict(_("This event has no more meetings: it is over."))
    lifecycle.advance(REQUEST, request, S.ACCEPTED)
    request.answer_strength = strength
    request.save(update_fields=["status", "answer_strength", "updated_at"])
    messages.tell_request(request, what="accepted", to=request.requester, about=request.invitee)
    _record(request, by, "events.request_accepted")
    return request


@transaction.atomic
def decline_request(*, request: MeetingRequest, reason: str, by: User, answer: str = "") -> MeetingRequest:
    """Say no, with a reason from the list and, if one likes, a sentence."""
    if reason not in MeetingRequest.DeclineReason.values:
        raise Invalid(_("A no needs a reason."), fields={"reason": _("Choose a reason.")})
    request = _answerable(request, by)
    lifecycle.advance(REQUEST, request, S.DECLINED)
    request.decline_reason = reason
    request.answer = answer
    request.save(update_fields=["status", "decline_reason", "answer", "updated_at"])
    messages.tell_request(request, what="declined", to=request.requester, about=request.invitee)
    _record(request, by, "events.request_declined")
    return request


@transaction.atomic
def withdraw_request(*, request: MeetingRequest, by: User) -> MeetingRequest:
    """Take a request back; once it was accepted either side may. A meeting placed for it is cancelled.

    Raises Conflict when the request has ended, its meeting has begun or its event is over.
    """
    request = locked_request(request)
    if not policies.may_withdraw_request(by, request):
        raise NotAllowed(_("Only the one who asked can withdraw a request."))
    meeting = locked_meetings(request=request).exclude(status=Meeting.Status.CANCELLED).first()
    if meeting is not None:
        check_cancellable(meeting)
    if not policies.is_withdrawable(request, meeting):
        raise Conflict(_("This request has ended; there is nothing to withdraw."))
    if meeting is not None:
        return drop_meeting(meeting, by=by, request_to=S.WITHDRAWN).request
    lifecycle.advance(REQUEST, request, S.WITHDRAWN)
    request.save(update_fields=["status", "updated_at"])
    to, about = request.invitee, request.requester
    if by.pk == request.invitee.user_id:
        to, about = about, to
    messages.tell_request(request, what="withdrawn", to=to, about=about)
    _record(request, by, "events.request_withdrawn")
    return request


@transaction.atomic
def expire_requests(*, today: date | None = None) -> int:
    """End the requests that nobody answered in time; whoever asked is told. Returns how many."""
    today = today or timezone.localdate()
    rows = MeetingRequest.objects.select_for_update(of=("self",), skip_locked=True).select_related(
        "event__place", "requester__user", "invitee__user"
    )
    expired = rows.filter(status=S.PENDING, answer_due__lt=today).prefetch_related("event__texts")
    count = 0
    for request in expired.order_by("pk"):
        lifecycle.advance(REQUEST, request, S.EXPIRED)
        request.save(update_fields=["status", "updated_at"])
        messages.tell_request(request, what="expired", to=request.requester, about=request.invitee)
        _record(request, None, "events.request_expired")
        count += 1
    return count
