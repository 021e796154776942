"""What waits for a person on the page Today can be told apart, whoever looks."""

import pytest

from serai.core import fence
from serai.core.duties import duties_of
from tests.trust.world import World

pytestmark = pytest.mark.django_db


def test_no_two_duties_of_a_person_read_alike(world: World) -> None:
    seen = 0
    for user in filter(None, world.users.values()):
        with fence.subject(str(user.pk)):
            rows = [(str(duty.what), duty.title, tuple(duty.about), duty.due_on) for duty in duties_of(user)]
        seen += len(rows)

        assert all(what.strip() and title.strip() for what, title, _about, _due in rows)
        assert len(set(rows)) == len(rows)
    assert seen > 10
