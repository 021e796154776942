"""Whoever registered without agreeing to be listed is reminded while others could still ask for a meeting."""

from datetime import timedelta

import pytest
from django.utils import timezone

from serai.core.duties import duties_of
from serai.events.models import Event, Participant
from tests.events.conftest import World


def reminders(world: World) -> list[str]:
    found = duties_of(world.ana.user)
    return [duty.url for duty in found if duty.kind == "participant"]


def change(world: World, **values: object) -> None:
    Participant.objects.filter(pk=world.ana.pk).update(**{"consent_listed": False, **values})


def test_it_leads_to_the_consent_and_ends_with_it(world: World) -> None:
    listed = reminders(world)
    change(world)
    out_of_sight = reminders(world)

    assert listed == []
    assert out_of_sight == [f"/meet/{world.event.pk}/registration/#id_consent_listed"]


@pytest.mark.parametrize("status", ["withdrawn", "refused"])
def test_who_does_not_take_part_is_not_reminded(world: World, status: str) -> None:
    change(world, status=status)

    assert reminders(world) == []


@pytest.mark.parametrize(
    "values",
    [
        {"status": Event.Status.CANCELLED},
        {"requests_until": timezone.now() - timedelta(days=1)},
        {
            "starts_at": timezone.now() - timedelta(days=3),
            "ends_at": timezone.now() - timedelta(days=2),
        },
    ],
)
def test_it_ends_when_nobody_can_ask_any_more(world: World, values: dict[str, object]) -> None:
    change(world)
    before = len(reminders(world))
    Event.objects.filter(pk=world.event.pk).update(**values)

    assert (before, reminders(world)) == (1, [])
