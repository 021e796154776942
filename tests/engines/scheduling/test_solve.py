import math
import time
from dataclasses import replace

import numpy as np
import pytest

from serai.engines.scheduling import (
    Changes,
    Event,
    InvalidEventError,
    Person,
    Pool,
    Rules,
    Slot,
    Wish,
    check,
    explain,
    repair,
    solve,
)
from serai.engines.scheduling.conflict import PromisedSlots
from serai.engines.scheduling.programme import Rows, Solver


def make_event(**changes: object) -> Event:
    """Three people, two slots, one table, three wishes in a triangle."""
    plain: dict[str, object] = {
        "slots": (Slot(), Slot()),
        "tables_per_slot": (1, 1),
        "people": (Person("ana"), Person("bo"), Person("cem")),
        "wishes": (Wish("ab", "ana", "bo", 3), Wish("bc", "bo", "cem", 2), Wish("ac", "ana", "cem", 1)),
    }
    return Event(**(plain | changes))  # type: ignore[arg-type]


def test_the_heaviest_wishes_that_fit_are_granted() -> None:
    event = make_event()

    plan = solve(event, time_limit_s=5)

    assert {m.wish for m in plan.meetings} == {"ab", "bc"}
    assert (plan.weight, plan.weight_bound, plan.breaks, plan.status) == (5, 5, 0, "optimal")
    assert list(check(event, plan)) == []


def test_an_unmet_wish_has_its_reason() -> None:
    event = make_event()

    plan = solve(event, time_limit_s=5)
    reason = explain(event, plan, "ac")

    assert reason is not None
    assert (reason.kind, reason.wish) == ("no_common_slot", "ac")


def test_same_seed_gives_the_same_plan() -> None:
    event = make_event()

    plans = [solve(event, time_limit_s=5, seed=3).meetings for _ in range(2)]

    assert plans[0] == plans[1]


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf])
def test_a_time_limit_that_is_no_number_of_seconds_is_refused(limit: float) -> None:
    with pytest.raises(InvalidEventError, match=r"time_limit_s: .* is not a number of seconds above 0"):
        solve(make_event(), time_limit_s=limit)


@pytest.mark.parametrize("slot", [-1, 2])
def test_a_meeting_in_a_slot_there_is_not_cannot_stay(slot: int) -> None:
    event = make_event()
    plan = solve(event, time_limit_s=1)
    wrong = replace(plan, meetings=(replace(plan.meetings[0], slot=slot), *plan.meetings[1:]))
    wish = wrong.meetings[0].wish

    with pytest.raises(InvalidEventError, match=f"frozen: wish {wish} cannot stay in slot {slot}"):
        solve(event, start=wrong, frozen={wish}, time_limit_s=1)

    assert list(check(event, solve(event, start=wrong, time_limit_s=1))) == []
    assert list(check(event, repair(event, wrong, Changes()).plan)) == []


def test_promises_that_can_be_kept_are_kept_where_placing_found_no_way() -> None:
    # Heavier wishes fill the one slot in which the guaranteed meeting has its interpreter.
    people = (
        Person("a", max_in_row=1),
        Person("b", min_meetings=1),
        Person("c", online=True),
        *map(Person, "de"),
    )
    wishes = (
        Wish("ae1", "e", "a", weight=3, online=True),
        Wish("ae2", "e", "a", weight=4, online=True),
        Wish("de", "e", "d", weight=2),
        Wish("be", "e", "b", weight=2, pool="x", online=True),
        Wish("ac", "a", "c", weight=1, must=True),
    )
    event = Event(
        (Slot(),) * 3,
        (2,) * 3,
        people,
        wishes,
        pools=(Pool("x", (0, 0, 1)),),
        rules=Rules(max_in_row=1, online_rooms=(1, 1, 1), fairness_cost=0.2),
    )

    plan = solve(event, time_limit_s=10)

    assert plan.status == "feasible"
    assert {"be", "ac"} <= {m.wish for m in plan.meetings}
    assert list(check(event, plan)) == []


def test_meetings_that_must_stay_leave_promises_the_other_slots() -> None:
    event = make_event(people=(Person("ana"), Person("bo", min_meetings=2), Person("cem")))
    soon = time.monotonic() + 5

    with Solver() as solver:
        beside = [PromisedSlots(event, solver, {0: (0, t)}).keep([("guarantee", 1)], soon) for t in (0, 1)]

    assert beside == [[(1, 1)], [(1, 0)]]


def test_weight_is_not_won_back_from_fairness_that_was_paid_for() -> None:
    # Three places: the hub alone is worth six; for a third of that two pairs get their only meeting.
    hub = [Wish(f"h{i}", "hub", f"x{i}", weight=2) for i in range(3)]
    pairs = [Wish("ab", "a", "b"), Wish("cd", "c", "d")]
    people = tuple(map(Person, ["hub", "x0", "x1", "x2", *"abcd"]))
    event = Event((Slot(),) * 3, (1,) * 3, people, tuple(hub + pairs), rules=Rules(fairness_cost=0.34))

    plan = solve(event, time_limit_s=3)

    assert {"ab", "cd"} <= {m.wish for m in plan.meetings}
    assert (plan.weight, plan.weight_bound) == (4, 6)


def test_a_programme_that_ends_at_its_root_ends_by_steps() -> None:
    # Market splits: the relaxation says nothing, only a large tree would.
    rng = np.random.default_rng(1)
    rows = Rows()
    for _ in range(4):
        values = rng.integers(0, 100, 40).astype(float)
        rows.add(range(40), list(values), float(values.sum() // 2), float(values.sum() // 2))

    with Solver() as solver:
        root = solver.solve(np.ones(40), rows, 60.0, nodes=1)
        cut = solver.solve(np.ones(40), rows, 0.1)

    assert root is not None
    assert cut is not None
    assert (root.proved, root.by_steps) == (False, True)
    assert (cut.proved, cut.by_steps) == (False, False)
