"""Registering for an event, deciding on registrations, check-in, the personal calendar."""

import hashlib
import secrets
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.accounts.policies import organisation_ids
from serai.core import audit, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.directory.models import Organisation
from serai.events import messages, policies
from serai.events.actions.meetings import drop_meeting, lock_requests, locked_meetings
from serai.events.lifecycle import PARTICIPANT
from serai.events.models import Event, Meeting, MeetingRequest, Participant, Slot
from serai.exchange.models import Listing

S = Participant.Status


@transaction.atomic
def register_participant(
    *,
    event: Event,
    organisation: Organisation,
    languages: Sequence[str],
    by: User,
    listing: Listing | None = None,
    is_online: bool = False,
    absent_slots: Sequence[Slot] = (),
    max_meetings: int | None = None,
    consent_listed: bool = False,
) -> Participant:
    """Register `by` for an event, for one of their organisations; the organisers decide.

    Raises NotAllowed for an organisation or listing that is not theirs, Conflict if registration is not open or
    they are registered already, Invalid without a language.
    """
    event = Event.objects.select_for_update().get(pk=event.pk)
    _check_open(event)
    taken = Participant.objects.filter(event=event, user=by).exclude(status__in=[S.WITHDRAWN, S.REFUSED])
    if taken.exists():
        raise Conflict(_("You are registered for this event already."))
    participant = Participant(
        event=event,
        user=by,
        organisation=organisation,
        listing=listing,
        languages=list(languages),
        is_online=is_online,
        max_meetings=max_meetings,
        consent_listed=consent_listed,
    )
    _check_registration(participant, absent_slots)
    participant.save()
    participant.absent_slots.set(absent_slots)
    messages.tell_owner_of_registration(participant)
    data = {"event": str(event.pk), "organisation": str(organisation.pk), "listed": consent_listed}
    audit.record(actor=by, action="events.participant_registered", obj=participant, data=data)
    return participant


def _check_open(event: Event) -> None:
    if not policies.takes_registrations(event):
        raise Conflict(_("Registration for this event is not open."))


def _check_registration(participant: Participant, absent_slots: Sequence[Slot]) -> None:
    mine = set(organisation_ids(participant.user))
    if participant.organisation_id not in mine:
        raise NotAllowed(_("You can only register for an organisation you are a member of."))
    listing = participant.listing
    if listing is not None and (
        listing.organisation_id != participant.organisation_id
        or listing.status != Listing.Status.PUBLISHED
        or listing.disclosure != Listing.Disclosure.NAMED
    ):
        raise NotAllowed(_("You can only show a published listing that names your organisation."))
    wrong: dict[str, str] = {}
    if not participant.languages:
        wrong["languages"] = _("Choose at least one language you can talk in.")
    if participant.max_meetings is not None and participant.max_meetings < 1:
        wrong["max_meetings"] = _("Choose at least one meeting, or leave this empty.")
    if any(slot.event_id != participant.event_id for slot in absent_slots):
        wrong["absent_slots"] = _("These are not hours of this event.")
    if participant.is_online and participant.event.mode == Event.Mode.ON_SITE:
        wrong["is_online"] = _("This event takes place on site only.")
    if wrong:
        raise Invalid(_("The registration cannot be saved like this."), fields=wrong)


@transaction.atomic
def update_registration(
    *,
    participant: Participant,
    languages: Sequence[str],
    by: User,
    listing: Listing | None = None,
    is_online: bool = False,
    absent_slots: Sequence[Slot] = (),
    max_meetings: int | None = None,
    consent_listed: bool = False,
) -> Participant:
    """Change one's own registration. Raises Conflict if a booked meeting lies in an hour given as absent."""
    participant = _locked(participant)
    if participant.user_id != by.pk:
        raise NotAllowed(_("Only the person registered can change a registration."))
    if participant.status in {S.WITHDRAWN, S.REFUSED}:
        raise Conflict(_("This registration has ended."))
    _check_event(participant.event)
    booked = _confirmed_meetings(participant).filter(slot__in=absent_slots)
    if booked.exists():
        raise Conflict(_("You have a meeting in one of these hours. Cancel it first."))
    participant.languages = list(languages)
    participant.listing = listing
    participant.is_online = is_online
    participant.max_meetings = max_meetings
    participant.consent_listed = consent_listed
    _check_registration(participant, absent_slots)
    participant.save()
    participant.absent_slots.set(absent_slots)
    audit.record(
        actor=by,
        action="events.registration_updated",
        obj=participant,
        data={"event": str(participant.event_id), "listed": consent_listed},
    )
    return participant


def _check_event(event: Event) -> None:
    if policies.is_over(event):
        raise Conflict(_("This event is over."))


def _locked(participant: Participant) -> Participant:
    rows = Participant.objects.select_for_update(of=("self",))
    return rows.select_related("event__owner", "event__place", "user", "organisation").get(pk=participant.pk)


def _confirmed_meetings(participant: Participant) -> QuerySet[Meeting]:
    return Meeting.objects.filter(
        policies.sides(participant, "request__"),
        status=Meeting.Status.CONFIRMED,
        event_id=participant.event_id,
    )


# --- decisions --------------------------------------------------------------------------------------------
def confirm_participant(*, participant: Participant, by: User) -> Participant:
    """Take somebody in. Raises NotAllowed unless `by` organises the event, Conflict if it is decided already."""
    return _decide(participant, S.CONFIRMED, by)


def refuse_participant(*, participant: Participant, by: User) -> Participant:
    return _decide(participant, S.REFUSED, by)


def set_waiting(*, participant: Participant, by: User) -> Participant:
    """Put somebody on the waiting list."""
    return _decide(participant, S.WAITING, by)


@transaction.atomic
def _decide(participant: Participant, to: str, by: User) -> Participant:
    participant = _locked(participant)
    if not policies.may_organise(by, participant.event):
        raise NotAllowed(_("Only the organisers decide on registrations."))
    _check_event(participant.event)
    if participant.status == S.CHECKED_IN:
        raise Conflict(_("This person is checked in already."))
    lifecycle.advance(PARTICIPANT, participant, to)
    participant.save(update_fields=["status", "updated_at"])
    messages.tell_registration(participant, status=to)
    _record(participant, by)
    return participant


def _record(participant: Participant, by: User) -> None:
    audit.record(
        actor=by,
        action=f"events.participant_{participant.status}",
        obj=participant,
        data={"event": str(participant.event_id)},
    )


@transaction.atomic
def withdraw_participant(*, participant: Participant, by: User) -> Participant:
    """End a registration, by the person or an organiser: meetings to come are cancelled, their seats free again.

    Raises Conflict when the event is over.
    """
    participant = _locked(participant)
    if participant.user_id != by.pk and not policies.may_organise(by, participant.event):
        raise NotAllowed(_("Only the person registered or an organiser can withdraw a registration."))
    _check_event(participant.event)
    if participant.status == S.CHECKED_IN:
        participant.status = S.CONFIRMED
    lifecycle.advance(PARTICIPANT, participant, S.WITHDRAWN)
    participant.feed_hash = ""
    participant.save(update_fields=["status", "feed_hash", "updated_at"])
    withdrawn = MeetingRequest.Status.WITHDRAWN
    lock_requests(policies.sides(participant))
    to_come = _confirmed_meetings(participant).filter(slot__during__startswith__gt=timezone.now())
    for meeting in locked_meetings(pk__in=to_come.values("pk")):
        drop_meeting(meeting, by=by, request_to=withdrawn)
    MeetingRequest.objects.filter(
        policies.sides(participant),
        status__in=[MeetingRequest.Status.PENDING, MeetingRequest.Status.ACCEPTED],
    ).update(status=withdrawn)
    _record(participant, by)
    return participant


# --- at the door ------------------------------------------------------------------------------------------
@transaction.atomic
def check_in(*, participant: Participant, by: User) -> Participant:
    """Note that a confirmed participant has arrived."""
    participant = _locked(participant)
    if not policies.may_organise(by, participant.event):
        raise NotAllowed(_("Only the organisers check people in."))
    if participant.event.status == Event.Status.CANCELLED:
        raise Conflict(_("This event was called off."))
    lifecycle.advance(PARTICIPANT, participant, S.CHECKED_IN)
    participant.checked_in_at = timezone.now()
    participant.save(update_fields=["status", "checked_in_at", "updated_at"])
    _record(participant, by)
    return participant


@transaction.atomic
def undo_check_in(*, participant: Participant, by: User) -> Participant:
    """Take a check-in back that was made by mistake."""
    participant = _locked(participant)
    if not policies.may_organise(by, participant.event):
        raise NotAllowed(_("Only the organisers check people in."))
    if participant.status != S.CHECKED_IN:
        raise Conflict(_("This person is not checked in."))
    lifecycle.advance(PARTICIPANT, participant, S.CONFIRMED)
    participant.checked_in_at = None
    participant.save(update_fields=["status", "checked_in_at", "updated_at"])
    audit.record(
        actor=by,
        action="events.check_in_undone",
        obj=participant,
        data={"event": str(participant.event_id)},
    )
    return participant


# --- the personal calendar --------------------------------------------------------------------------------
def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def create_feed(*, participant: Participant, by: User) -> str:
    """Make the secret address of one's calendar; returns the secret, of which only the hash is kept.

    A new one ends the one before.
    """
    participant = _locked(participant)
    if participant.user_id != by.pk:
        raise NotAllowed(_("A calendar address belongs to one person."))
    if participant.status in {S.WITHDRAWN, S.REFUSED}:
        raise Conflict(_("This registration has ended."))
    token = secrets.token_urlsafe(32)
    participant.feed_hash = hash_of(token)
    participant.save(update_fields=["feed_hash", "updated_at"])
    audit.record(actor=by, action="events.feed_created", obj=participant)
    return token


@transaction.atomic
def revoke_feed(*, participant: Participant, by: User) -> Participant:
    """End the secret address: from now on it answers like one that never was."""
    participant = _locked(participant)
    if participant.user_id != by.pk:
        raise NotAllowed(_("A calendar address belongs to one person."))
    participant.feed_hash = ""
    participant.save(update_fields=["feed_hash", "updated_at"])
    audit.record(actor=by, action="events.feed_revoked", obj=participant)
    return participant
