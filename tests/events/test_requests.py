from datetime import timedelta

import pytest
from django.utils import timezone

from serai.accounts.models import Notice, User
from serai.accounts.notices import sentences_of
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from serai.core.models import AuditEntry
from serai.events import actions
from serai.events.actions import requests as request_actions
from serai.events.models import Event, EventText, MeetingRequest, Participant
from tests.events.conftest import World
from tests.factories import in_days, make_listing, make_participant, make_request

S = MeetingRequest.Status


def _actions() -> list[str]:
    return list(AuditEntry.objects.order_by("at").values_list("action", flat=True))


def _ask(world: World, **more: object) -> MeetingRequest:
    return actions.ask_for_meeting(
        requester=world.ana,
        invitee=world.bo,
        by=world.ana.user,
        **more,  # type: ignore[arg-type]
    )


def test_a_participant_asks_another_who_is_told_by_when_to_answer(world: World) -> None:
    request = _ask(world, strength="must", message="Water sensors")

    assert (request.status, request.strength, request.answer_due) == (S.PENDING, "must", in_days(5))
    assert _actions() == ["events.meeting_requested"]
    assert [(n.user, n.kind) for n in Notice.objects.all()] == [(world.bo.user, "events.request_received")]


def test_the_answer_is_due_before_requests_close(world: World) -> None:
    world.event.requests_until = timezone.now() + timedelta(days=2)
    world.event.save()

    assert _ask(world).answer_due == world.event.requests_until.date()


def test_nobody_asks_in_the_name_of_another(world: World) -> None:
    with pytest.raises(NotAllowed):
        actions.ask_for_meeting(requester=world.ana, invitee=world.bo, by=world.bo.user)


def test_somebody_who_did_not_agree_to_be_listed_cannot_be_asked(world: World) -> None:
    hidden = make_participant(world.event, consent_listed=False)

    with pytest.raises(NotFound):
        actions.ask_for_meeting(requester=world.ana, invitee=hidden, by=world.ana.user)


def test_there_is_one_request_between_two_people(world: World) -> None:
    _ask(world)

    with pytest.raises(Conflict):
        actions.ask_for_meeting(requester=world.bo, invitee=world.ana, by=world.bo.user)


def test_a_no_is_not_asked_again(world: World) -> None:
    actions.decline_request(request=_ask(world), reason="no_fit", by=world.bo.user)

    with pytest.raises(Conflict):
        _ask(world)


def test_an_unconfirmed_participant_cannot_ask(world: World) -> None:
    world.ana.status = Participant.Status.SUBMITTED
    world.ana.save()

    with pytest.raises(NotFound):
        _ask(world)


def test_requests_end_with_their_deadline(world: World) -> None:
    Event.objects.filter(pk=world.event.pk).update(requests_until=timezone.now() - timedelta(hours=1))

    with pytest.raises(Conflict):
        _ask(world)


def test_the_subject_is_a_published_listing_of_one_side(world: World) -> None:
    with pytest.raises(Invalid):
        _ask(world, listing=make_listing())

    own = make_listing(organisation=world.bo.organisation)
    assert _ask(world, listing=own).listing == own


def test_asking_does_not_tell_whose_an_unnamed_listing_is(world: World) -> None:
    unnamed = make_listing(organisation=world.bo.organisation, disclosure="anonymous")
    strangers = make_listing(disclosure="anonymous")

    answers = []
    for listing in (unnamed, strangers):
        with pytest.raises(Invalid) as refused:
            _ask(world, listing=listing)
        answers.append((str(refused.value), refused.value.fields))

    assert answers[0] == answers[1]


def test_nobody_asks_everybody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_actions, "MAX_PENDING", 1)
    _ask(world)

    other = make_participant(world.event)
    with pytest.raises(TooMany):
        actions.ask_for_meeting(requester=world.ana, invitee=other, by=world.ana.user)


def test_the_one_asked_accepts_with_a_strength_of_their_own(world: World) -> None:
    request = actions.accept_request(request=_ask(world), strength="maybe", by=world.bo.user)

    assert (request.status, request.answer_strength) == (S.ACCEPTED, "maybe")
    assert _actions()[-1] == "events.request_accepted"
    assert Notice.objects.filter(user=world.ana.user, kind="events.request_accepted").count() == 1


@pytest.mark.parametrize("who", ["ana", "organiser", "stranger"])
def test_nobody_else_answers(world: World, who: str) -> None:
    by = {"ana": world.ana.user, "organiser": world.organiser, "stranger": world.stranger}[who]
    request = _ask(world)

    with pytest.raises(NotAllowed):
        actions.accept_request(request=request, by=by)
    with pytest.raises(NotAllowed):
        actions.decline_request(request=request, reason="no_fit", by=by)


def test_a_request_is_answered_once(world: World) -> None:
    request = actions.accept_request(request=_ask(world), by=world.bo.user)

    with pytest.raises(Conflict):
        actions.decline_request(request=request, reason="no_fit", by=world.bo.user)


def test_a_no_has_a_reason(world: World) -> None:
    request = _ask(world)

    with pytest.raises(Invalid):
        actions.decline_request(request=request, reason="", by=world.bo.user)
    declined = actions.decline_request(request=request, reason="no_time", answer="Sorry", by=world.bo.user)

    assert (declined.status, declined.decline_reason, declined.answer) == (S.DECLINED, "no_time", "Sorry")
    assert _actions()[-1] == "events.request_declined"


def test_a_pending_request_is_withdrawn_by_the_one_who_asked(world: World) -> None:
    request = _ask(world)

    with pytest.raises(NotAllowed):
        actions.withdraw_request(request=request, by=world.bo.user)
    assert actions.withdraw_request(request=request, by=world.ana.user).status == S.WITHDRAWN
    assert _actions()[-1] == "events.request_withdrawn"


def test_withdrawing_a_placed_request_cancels_its_meeting(world: World) -> None:
    request = make_request(world.event, requester=world.ana, invitee=world.bo)
    meeting = actions.book_meeting(request=request, slot=world.slots[0], by=world.ana.user)

    actions.withdraw_request(request=request, by=world.bo.user)

    meeting.refresh_from_db()
    request.refresh_from_db()
    assert (meeting.status, request.status) == ("cancelled", S.WITHDRAWN)
    assert not meeting.seats.filter(is_active=True).exists()


def test_silence_expires_the_day_after_the_answer_was_due(world: World) -> None:
    request = _ask(world)

    assert actions.expire_requests(today=request.answer_due) == 0
    assert actions.expire_requests(today=request.answer_due + timedelta(days=1)) == 1
    assert actions.expire_requests(today=request.answer_due + timedelta(days=1)) == 0

    request.refresh_from_db()
    assert request.status == S.EXPIRED
    assert _actions()[-1] == "events.request_expired"
    assert Notice.objects.filter(user=world.ana.user, kind="events.request_expired").count() == 1


def test_a_notice_names_people_and_the_event_as_they_are_called_when_it_is_read(world: World) -> None:
    _ask(world)
    User.objects.filter(pk=world.ana.user_id).update(name="Ana Nova")
    EventText.objects.filter(event=world.event).update(title="Autumn Days")
    notice = Notice.objects.get(user=world.bo.user)

    sentence = sentences_of([notice], world.bo.user)[0]

    named = f"Ana Nova ({world.ana.organisation.name})"
    assert sentence.startswith(f"{named} would like to meet you at Autumn Days (")
