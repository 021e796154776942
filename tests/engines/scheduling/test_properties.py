"""No plan ever breaks the checker, whatever the event; and a planted fault is always seen."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serai.engines.scheduling import (
    Budget,
    Changes,
    Event,
    Hall,
    Interpreter,
    Organisation,
    Person,
    Plan,
    Pool,
    Rules,
    Slot,
    Wish,
    check,
    repair,
    solve,
)
from serai.engines.scheduling.model import Model
from serai.engines.scheduling.rules import breaks_of

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Small events with any mix of special needs."""
    n_slots = draw(st.integers(2, 7))
    cut = draw(st.integers(1, n_slots))
    two_days = draw(st.booleans())
    slots = tuple(
        Slot(day=int(two_days and t >= cut), session="am" if t < cut else "pm") for t in range(n_slots)
    )
    halls = draw(st.booleans())
    tables = tuple(draw(st.lists(st.integers(0, 3), min_size=n_slots, max_size=n_slots)))
    second = tuple(draw(st.lists(st.integers(0, 2), min_size=n_slots, max_size=n_slots)))
    n_people = draw(st.integers(2, 8))
    open_ = st.none() | st.frozensets(st.integers(0, n_slots - 1))
    people = tuple(
        Person(
            f"p{i}",
            open_slots=draw(open_),
            max_meetings=draw(st.none() | st.integers(0, 4)),
            min_meetings=draw(st.sampled_from((0, 0, 0, 1))),
            max_per_day=draw(st.none() | st.integers(1, 3)),
            max_in_row=draw(st.none() | st.integers(1, 3)),
            organisation=draw(st.sampled_from(("", "", "o"))),
            booth=draw(st.sampled_from((None, None, "north"))) if halls else None,
            online=draw(st.sampled_from((False, False, True))),
        )
        for i in range(n_people)
    )
    parties = [p.id for p in people] + ["o"]
    pairs = st.tuples(st.sampled_from(parties), st.sampled_from(parties)).filter(lambda x: x[0] != x[1])
    wishes = tuple(
        Wish(
            f"w{i}",
            a,
            b,
            weight=draw(st.integers(0, 5)),
            must=draw(st.sampled_from((False, False, False, True))),
            pool=draw(st.sampled_from((None, None, "x", "y", "z"))),
            online=draw(st.sampled_from((False, False, True))),
            length=draw(st.sampled_from((1, 1, 1, 2, 3))),
            slots=draw(st.none() | st.frozensets(st.integers(0, n_slots - 1), min_size=1)),
        )
        for i, (a, b) in enumerate(draw(st.lists(pairs, max_size=14)))
    )
    window = frozenset(t for t in range(n_slots) if slots[t].day == 0 and t in (cut - 1, cut))
    rules = Rules(
        max_in_row=draw(st.none() | st.integers(1, 4)),
        lunch_is_gap=draw(st.booleans()),
        lunch_windows=(window,) if window and draw(st.booleans()) else (),
        online_rooms=draw(st.none() | st.just((1,) * n_slots)),
        far_halls=frozenset({("north", "south")}) if halls and draw(st.booleans()) else frozenset(),
        no_thanks=frozenset({("p0", "p1")}) if draw(st.booleans()) else frozenset(),
        fairness_cost=draw(st.sampled_from((0.0, 0.1))),
    )
    return Event(
        slots=slots,
        tables_per_slot=tuple(x + y for x, y in zip(tables, second, strict=True)) if halls else tables,
        people=people,
        wishes=wishes,
        pools=(Pool("x", (1,) * n_slots),),
        interpreters=(
            Interpreter("i", frozenset({"y", "z"})),
            Interpreter("j", frozenset({"y"}), frozenset({0})),
        ),
        organisations=(Organisation("o", draw(st.none() | st.just(1)), draw(st.none() | st.just(2))),),
        halls=(Hall("north", tables), Hall("south", second)) if halls else (),
        rules=rules,
    )


def believable(event: Event, plan: Plan) -> list[str]:
    """Broken rules, promises left out where the search openly found no way to keep them."""
    broken = list(check(event, plan))
    if plan.status == "unknown":
        broken = [b for b in broken if "guaranteed" not in b and "must be granted" not in b]
    return broken


@QUICK
@given(events())
def test_no_plan_breaks_a_rule(event: Event) -> None:
    plan = solve(event, time_limit_s=0.4)

    assert believable(event, plan) == []
    assert {r.wish for r in plan.reasons} | {m.wish for m in plan.meetings} == {w.id for w in event.wishes}


@QUICK
@given(events(), st.data())
def test_no_repair_breaks_a_rule_or_touches_the_past(event: Event, data: st.DataObject) -> None:
    plan = solve(event, time_limit_s=0.3)
    now = data.draw(st.integers(0, len(event.slots)))
    gone = data.draw(st.frozensets(st.sampled_from([p.id for p in event.people]), max_size=2))
    moves = data.draw(st.integers(0, 3))

    result = repair(event, plan, Changes(cancelled=gone, now=now, lost_tables={0: 1}), Budget(moves=moves))

    assert list(check(result.event, result.plan)) == []
    past = [m for m in plan.meetings if m.slot < now and m.slot + m.length <= now]
    assert {m.wish for m in past} <= {m.wish for m in result.plan.meetings}
    assert all(d.before is None or d.before.slot >= now for d in result.differences if d.kind == "moved")


@QUICK
@given(events(), st.integers(0, 2**7 - 1))
def test_the_engine_and_the_checker_count_the_same_breaks(event: Event, mask: int) -> None:
    mask &= (1 << len(event.slots)) - 1
    busy = frozenset(t for t in range(len(event.slots)) if mask >> t & 1)

    assert Model(event).breaks(mask) == breaks_of(event, busy)


@QUICK
@given(events(), st.data())
def test_a_planted_double_booking_is_seen(event: Event, data: st.DataObject) -> None:
    plan = solve(event, time_limit_s=0.3)
    if len(plan.meetings) < 2:
        return
    first, second = plan.meetings[:2]
    fault = replace(second, slot=first.slot, table=first.table, a=first.a, b=first.b)

    broken = list(check(event, replace(plan, meetings=(first, fault, *plan.meetings[2:]))))

    assert any(first.a in b for b in broken)
