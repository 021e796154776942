"""The second fence under the matrix: with the rules of Python forgotten, no door shows what it guards."""

import pytest
from django.test import Client

from serai.agreements import policies as agreements
from serai.core import fence
from serai.exchange import policies as exchange
from tests.trust.test_matrix import walk_all
from tests.trust.world import PARTICIPANT, ROLES, STRANGER, THIRD, World

pytestmark = pytest.mark.django_db


def _is_fenced(finding: str) -> bool:
    return "contact" in finding or "wording" in finding


@pytest.mark.parametrize("role", [STRANGER, THIRD, PARTICIPANT])
def test_no_page_or_answer_shows_them_though_the_rule_is_forgotten(
    world: World, clients: dict[str, Client], forgotten: None, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors = {"roles": [role], "paths": r"/(exchange|build|api/v1)/", "unsafe": (False,)}

    fenced = walk_all(world, clients, everything=True, **doors)  # type: ignore[arg-type]
    monkeypatch.setattr(fence, "become", lambda viewer: fence._subject.set(fence.NODE))
    control = walk_all(world, clients, everything=True, **doors)  # type: ignore[arg-type]

    assert [line for line in fenced.leaks if _is_fenced(line)] == []
    assert [line for line in control.leaks if _is_fenced(line)] != []


def test_the_rule_and_the_fence_agree(world: World) -> None:
    """For every role the rule of Python returns the same rows with and without the fence."""
    for role in ROLES:
        viewer = world.users[role]
        if viewer is None:
            continue
        for rule in (exchange.visible_contacts, agreements.visible_bodies):
            free = set(rule(viewer).values_list("pk", flat=True))
            with fence.subject(str(viewer.pk)):
                fenced = set(rule(viewer).values_list("pk", flat=True))
            assert fenced == free, (role, rule.__name__)
