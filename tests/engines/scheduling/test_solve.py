import math
from dataclasses import replace

import pytest

from serai.engines.scheduling import (
    Changes,
    Event,
    InvalidEventError,
    Person,
    Slot,
    Wish,
    check,
    explain,
    repair,
    solve,
)


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
