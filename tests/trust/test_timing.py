"""Whether the time of an answer tells the hidden from the missing.

Hidden and missing are asked in turn, in an order that is drawn anew for each pair, and beside each pair two that are
both missing. What is compared is the chance that a hidden one takes longer than a missing one (the area under the
curve, AUC): half means that time tells nothing. A machine on which two equal things differ is not judged on.
"""

import random
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest
from django.test import Client

from serai.exchange.models import Listing
from tests import factories as f
from tests.trust import walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PAIRS = 2000
"""The AUC of 2,000 pairs of equal things lies within .482 to .518 in 95 of 100 runs."""

TOLERANCE, NOISE = 0.05, 0.02


def auc(slower: list[float], faster: list[float]) -> float:
    """The chance that a value of the first list is above one of the second (ties count half); Mann-Whitney."""
    ranked = sorted([(value, True) for value in slower] + [(value, False) for value in faster])
    rank, total, position = 0.0, 0.0, 0
    while position < len(ranked):
        end = position
        while end < len(ranked) and ranked[end][0] == ranked[position][0]:
            end += 1
        rank = (position + 1 + end) / 2
        total += rank * sum(1 for _value, mine in ranked[position:end] if mine)
        position = end
    n, m = len(slower), len(faster)
    return (total - n * (n + 1) / 2) / (n * m)


def test_the_area_is_that_of_its_definition() -> None:
    chance = random.Random(1)
    a = [chance.randrange(20) / 1 for _ in range(60)]
    b = [chance.randrange(25) / 1 for _ in range(70)]

    counted = sum((x > y) + (x == y) / 2 for x in a for y in b) / (len(a) * len(b))

    assert abs(auc(a, b) - counted) < 1e-12


Ask = Callable[[object], None]


def measured(ask: Ask, hidden: Iterator[object], *, seed: int) -> tuple[float, float]:
    """(AUC of hidden against missing, AUC of missing against missing)."""
    chance = random.Random(seed)
    times: dict[str, list[float]] = {"hidden": [], "missing": [], "a": [], "b": []}
    for number in range(PAIRS + 50):
        order = list(times)
        chance.shuffle(order)
        for kind in order:
            pk = next(hidden) if kind == "hidden" else walk.random_id()
            begin = time.perf_counter()
            ask(pk)
            taken = time.perf_counter() - begin
            if number >= 50:  # the first warm everything up
                times[kind].append(taken)
    return auc(times["hidden"], times["missing"]), auc(times["a"], times["b"])


def judged(ask: Ask, ids: list[object]) -> float:
    """The AUC, measured again up to three times while the machine is too restless to judge."""
    for seed in range(3):
        found, control = measured(ask, cycle(ids), seed=seed)
        if abs(control - 0.5) <= NOISE:
            return found
    pytest.fail(f"Not judged: two equal things differ here by {control:.3f}. Run it on a quiet machine.")


def asks(client: Client, address: str) -> Ask:
    def ask(pk: object) -> None:
        response: Any = client.get(address.format(pk))
        assert response.status_code == 404

    return ask


@pytest.fixture
def hidden() -> dict[str, list[object]]:
    house, other = f.make_organisation(), f.make_organisation()
    return {
        "listing": [f.make_listing(organisation=house, status=Listing.Status.DRAFT).pk for _ in range(40)],
        "organisation": [f.make_organisation(status="draft").pk for _ in range(40)],
        "agreement": [f.make_agreement(house, other, tier="mutual").pk for _ in range(40)],
        "case": [f.make_case(house, other).pk for _ in range(40)],
    }


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("listing", "/exchange/{}/"),
        ("listing", "/api/v1/listings/{}"),
        ("organisation", "/network/{}/"),
        ("agreement", "/api/v1/agreements/{}"),
        ("case", "/api/v1/cases/{}"),
    ],
)
def test_time_does_not_tell_the_hidden_from_the_missing(
    hidden: dict[str, list[object]], kind: str, address: str
) -> None:
    client = Client()
    client.force_login(f.make_member(f.make_organisation()))

    found = judged(asks(client, address), hidden[kind])

    assert abs(found - 0.5) <= TOLERANCE, f"{address}: AUC {found:.3f}"


def test_the_control_one_query_more_for_the_hidden_is_found(hidden: dict[str, list[object]]) -> None:
    client = Client()
    client.force_login(f.make_member(f.make_organisation()))
    ask, drafts = asks(client, "/api/v1/listings/{}"), set(hidden["listing"])

    def leaking(pk: object) -> None:
        if pk in drafts:
            Listing.objects.select_related("organisation").get(pk=pk)
        ask(pk)

    assert judged(leaking, hidden["listing"]) > 0.5 + TOLERANCE
