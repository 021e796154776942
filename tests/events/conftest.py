"""The world of the events tests: one event, its organiser, two people who want to meet."""

from dataclasses import dataclass

import pytest

from serai.accounts.models import Membership, User
from serai.events.models import Event, Participant, Slot, Table
from tests.factories import (
    make_event,
    make_member,
    make_organisation,
    make_participant,
    make_slot,
    make_table,
    make_user,
)


@dataclass
class World:
    event: Event
    organiser: User
    ana: Participant
    bo: Participant
    slots: list[Slot]
    tables: list[Table]
    stranger: User


@pytest.fixture
def world(db: None) -> World:
    host = make_organisation()
    event = make_event(hosts=[host])
    return World(
        event=event,
        organiser=make_member(host, role=Membership.Role.EVENT_ORGANISER),
        ana=make_participant(event),
        bo=make_participant(event),
        slots=[make_slot(event, number) for number in range(4)],
        tables=[make_table(event), make_table(event)],
        stranger=make_user(),
    )
