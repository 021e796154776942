import pytest

from serai.accounts.models import Notice
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import AuditEntry
from serai.events import actions
from serai.events.models import Participant
from tests.events.conftest import World
from tests.factories import (
    make_event,
    make_listing,
    make_member,
    make_organisation,
    make_participant,
    make_slot,
)

S = Participant.Status


def _register(world: World, **more: object) -> Participant:
    organisation = make_organisation()
    values = {"event": world.event, "organisation": organisation, "languages": ["en"], **more}
    values.setdefault("by", make_member(organisation))
    return actions.register_participant(**values)  # type: ignore[arg-type]


def _last() -> str:
    return AuditEntry.objects.order_by("-at")[0].action


def test_somebody_registers_and_the_organisers_confirm(world: World) -> None:
    world.event.owner = world.organiser
    world.event.save()

    registered = _register(world, absent_slots=world.slots[:1], consent_listed=True)
    confirmed = actions.confirm_participant(participant=registered, by=world.organiser)

    assert (registered.status, confirmed.status) == (S.SUBMITTED, S.CONFIRMED)
    assert list(registered.absent_slots.all()) == world.slots[:1]
    assert _last() == "events.participant_confirmed"
    kinds = {(n.user, n.kind) for n in Notice.objects.all()}
    assert kinds == {
        (world.organiser, "events.registration_received"),
        (registered.user, "events.registration_confirmed"),
    }


def test_nobody_registers_twice(world: World) -> None:
    first = _register(world)

    with pytest.raises(Conflict):
        _register(world, by=first.user, organisation=first.organisation)
    actions.withdraw_participant(participant=first, by=first.user)
    assert _register(world, by=first.user, organisation=first.organisation).pk != first.pk


def test_nobody_registers_for_a_foreign_organisation(world: World) -> None:
    with pytest.raises(NotAllowed):
        _register(world, by=world.stranger)


def test_a_listing_that_does_not_name_its_owner_is_not_shown(world: World) -> None:
    organisation = make_organisation()
    member = make_member(organisation)
    unnamed = make_listing(organisation=organisation, disclosure="anonymous")

    with pytest.raises(NotAllowed):
        _register(world, organisation=organisation, by=member, listing=unnamed)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"languages": []}, "languages"),
        ({"max_meetings": 0}, "max_meetings"),
        ({"is_online": True}, "is_online"),
    ],
)
def test_what_does_not_fit_is_named(world: World, values: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        _register(world, **values)

    assert list(refused.value.fields) == [field]


def test_hours_of_another_event_are_refused(world: World) -> None:
    with pytest.raises(Invalid):
        _register(world, absent_slots=[make_slot(make_event())])


def test_registration_must_be_open(world: World) -> None:
    with pytest.raises(Conflict):
        _register(world, event=make_event(status="closed"))


@pytest.mark.parametrize(
    "act", [actions.confirm_participant, actions.refuse_participant, actions.set_waiting, actions.check_in]
)
def test_only_organisers_decide(world: World, act: object) -> None:
    with pytest.raises(NotAllowed):
        act(participant=make_participant(world.event, status="submitted"), by=world.stranger)  # type: ignore[operator]


def test_a_decision_is_final_but_the_waiting_list_moves_up(world: World) -> None:
    waiting = actions.set_waiting(participant=_register(world), by=world.organiser)
    assert actions.confirm_participant(participant=waiting, by=world.organiser).status == S.CONFIRMED
    refused = actions.refuse_participant(participant=_register(world), by=world.organiser)

    with pytest.raises(Conflict):
        actions.confirm_participant(participant=refused, by=world.organiser)


def test_check_in_is_noted_and_can_be_taken_back(world: World) -> None:
    here = actions.check_in(participant=world.ana, by=world.organiser)
    assert (here.status, here.checked_in_at is not None, _last()) == (
        S.CHECKED_IN,
        True,
        "events.participant_checked_in",
    )

    back = actions.undo_check_in(participant=world.ana, by=world.organiser)
    assert (back.status, back.checked_in_at, _last()) == (S.CONFIRMED, None, "events.check_in_undone")


def test_only_the_person_changes_a_registration(world: World) -> None:
    with pytest.raises(NotAllowed):
        actions.update_registration(participant=world.ana, languages=["fr"], by=world.organiser)
    changed = actions.update_registration(participant=world.ana, languages=["fr"], by=world.ana.user)

    assert (changed.languages, _last()) == (["fr"], "events.registration_updated")


def test_strangers_neither_withdraw_others_nor_make_their_calendar(world: World) -> None:
    with pytest.raises(NotAllowed):
        actions.withdraw_participant(participant=world.ana, by=world.stranger)
    for act in (actions.create_feed, actions.revoke_feed):
        with pytest.raises(NotAllowed):
            act(participant=world.ana, by=world.organiser)
