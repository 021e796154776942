"""Each rule of a wish list: what the checker says, and that the engine keeps it. Planted faults."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from serai.engines.scheduling import (
    Budget,
    Changes,
    Event,
    Hall,
    Interpreter,
    InvalidEventError,
    Organisation,
    Person,
    Plan,
    PlannedMeeting,
    Pool,
    Rules,
    Slot,
    Wish,
    check,
    explain,
    open_slots,
    repair,
    solve,
    what_if,
)
from serai.engines.scheduling.generate import generate


def make_event(**changes: object) -> Event:
    """Four people, three slots of one session, two tables, a wish between any two."""
    names = ("ana", "bo", "cem", "dee")
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    plain: dict[str, object] = {
        "slots": (Slot(), Slot(), Slot()),
        "tables_per_slot": (2, 2, 2),
        "people": tuple(map(Person, names)),
        "wishes": tuple(Wish(f"{a[0]}{b[0]}", a, b) for a, b in pairs),
    }
    return Event(**(plain | changes))  # type: ignore[arg-type]


def meet(wish: str, slot: int, table: int, a: str, b: str, **more: object) -> PlannedMeeting:
    return PlannedMeeting(wish, slot, table, a, b, **more)  # type: ignore[arg-type]


def make_plan(*meetings: PlannedMeeting, weight: int | None = None, breaks: int = 0) -> Plan:
    weight = len(meetings) if weight is None else weight
    return Plan(meetings, weight, max(weight, 6), breaks, 0, "feasible")


def people_with(**changes: object) -> tuple[Person, ...]:
    first = replace(Person("ana"), **changes)  # type: ignore[arg-type]
    return (first, Person("bo"), Person("cem"), Person("dee"))


AB0, CD0 = meet("ab", 0, 0, "ana", "bo"), meet("cd", 0, 1, "cem", "dee")
AC1 = meet("ac", 1, 0, "ana", "cem")

FAULTS = [
    (
        make_event(),
        make_plan(AB0, meet("ac", 0, 1, "ana", "cem")),
        "ana: 2 meetings in slot 0 (wishes ab, ac)",
    ),
    (make_event(), make_plan(AB0, replace(CD0, table=0)), "table 0: 2 meetings in slot 0 (wishes ab, cd)"),
    (make_event(), make_plan(replace(AB0, table=7)), "meeting ab: table 7 does not exist in slot 0"),
    (make_event(), make_plan(replace(AB0, slot=3)), "meeting ab: slot 3 with length 1 does not exist"),
    (make_event(), make_plan(replace(AB0, wish="zz")), "meeting zz: there is no such wish"),
    (make_event(), make_plan(AB0, replace(AB0, slot=1)), "wish ab: granted 2 times"),
    (
        make_event(),
        make_plan(replace(AB0, b="dee")),
        "meeting ab: dee is neither bo nor one of its delegates",
    ),
    (make_event(), make_plan(AB0, weight=5), "the plan says weight 5, its meetings have 1"),
    (
        make_event(),
        make_plan(AB0, meet("ac", 2, 0, "ana", "cem")),
        "the plan says 0 breaks, its meetings have 1",
    ),
    (
        make_event(people=people_with(open_slots=frozenset({1}))),
        make_plan(AB0),
        "meeting ab: ana is not free in slot 0",
    ),
    (make_event(people=people_with(max_meetings=1)), make_plan(AB0, AC1), "ana: 2 meetings, the limit is 1"),
    (make_event(people=people_with(min_meetings=2)), make_plan(AB0), "ana: 1 meetings, 2 are guaranteed"),
    (
        make_event(people=people_with(max_per_day=1)),
        make_plan(AB0, AC1),
        "ana: 2 meetings on day 0, the limit is 1",
    ),
    (
        make_event(people=people_with(max_per_day=0)),
        make_plan(AB0),
        "ana: 1 meetings on day 0, the limit is 0",
    ),
    (
        make_event(people=people_with(max_in_row=1)),
        make_plan(AB0, AC1),
        "ana: more than 1 meetings in a row, up to slot 1",
    ),
    (
        make_event(rules=Rules(lunch_windows=(frozenset({0, 1}),))),
        make_plan(AB0, AC1),
        "ana: no free slot in lunch window 0",
    ),
    (
        make_event(rules=Rules(no_thanks=frozenset({("bo", "ana")}))),
        make_plan(AB0),
        "meeting ab: bo and ana are kept apart (no thanks)",
    ),
    (
        make_event(wishes=(Wish("ab", "ana", "bo", must=True), Wish("cd", "cem", "dee"))),
        make_plan(CD0),
        "wish ab: must be granted and is not",
    ),
    (
        make_event(wishes=(Wish("ab", "ana", "bo", slots=frozenset({2})),)),
        make_plan(AB0),
        "meeting ab: may not begin in slot 0",
    ),
    (
        make_event(wishes=(Wish("ab", "ana", "bo", length=2),)),
        make_plan(AB0),
        "meeting ab: takes 1 slots, the wish asks for 2",
    ),
    (
        make_event(
            slots=(Slot(session="am"), Slot(session="pm"), Slot(session="pm")),
            wishes=(Wish("ab", "ana", "bo", length=2),),
        ),
        make_plan(replace(AB0, length=2)),
        "meeting ab: runs over the end of a session",
    ),
    (
        make_event(wishes=(Wish("ab", "ana", "bo", pool="zh"),), pools=(Pool("zh", (0, 1, 1)),)),
        make_plan(replace(AB0, pool="zh")),
        "interpreters zh: 1 needed in slot 0, 0 there",
    ),
    (
        make_event(
            wishes=(Wish("ab", "ana", "bo", pool="zh"), Wish("cd", "cem", "dee", pool="zh")),
            interpreters=(Interpreter("ines", frozenset({"zh"})),),
        ),
        make_plan(replace(AB0, pool="zh", interpreter="ines"), replace(CD0, pool="zh", interpreter="ines")),
        "interpreter ines: 2 meetings in slot 0 (wishes ab, cd)",
    ),
    (
        make_event(
            people=(
                Person("ana", organisation="uni"),
                Person("bo"),
                Person("cem", organisation="uni"),
                Person("dee"),
            ),
            organisations=(Organisation("uni", max_parallel=1),),
        ),
        make_plan(AB0, CD0),
        "organisation uni: 2 delegates busy in slot 0, the limit is 1",
    ),
    (
        make_event(people=people_with(online=True), rules=Rules(online_rooms=(0, 0, 0))),
        make_plan(replace(AB0, table=-1)),
        "slot 0: 1 online meetings, 0 rooms",
    ),
    (
        make_event(people=people_with(booth="north"), halls=(Hall("north", (2, 2, 2)),)),
        make_plan(replace(AB0, hall="north")),
        "meeting ab: needs no table but holds table 0",
    ),
    (
        make_event(people=people_with(booth="north"), halls=(Hall("north", (2, 2, 2)),)),
        make_plan(replace(AB0, table=-1, hall="south")),
        "meeting ab: is at the booth in hall north, the plan says hall south",
    ),
    (
        make_event(people=people_with(online=True)),
        make_plan(replace(AB0, table=-1, hall="north")),
        "meeting ab: is online, so in no hall, the plan says hall north",
    ),
    (make_event(), make_plan(replace(AB0, hall="north")), "meeting ab: hall north does not exist"),
    (
        make_event(interpreters=(Interpreter("ines", frozenset({"zh"})),)),
        make_plan(replace(AB0, interpreter="ines")),
        "meeting ab: needs no interpreter but holds interpreter ines",
    ),
    (
        make_event(),
        replace(make_plan(AB0), status="optimal"),
        "the plan calls itself optimal with weight 1 of at most 6 and 0 breaks of at least 0",
    ),
    (
        make_event(wishes=(Wish("ab", "ana", "bo", must=True), Wish("cd", "cem", "dee"))),
        replace(make_plan(CD0), status="infeasible"),
        "the plan calls itself infeasible and names no conflict",
    ),
    (
        make_event(),
        replace(make_plan(AB0), status="infeasible", conflict=("ana is away.",)),
        "the plan calls itself infeasible, and its meetings keep every promise",
    ),
    (
        make_event(
            halls=(Hall("north", (1, 1, 1)), Hall("south", (1, 1, 1))),
            rules=Rules(far_halls=frozenset({("north", "south")})),
        ),
        make_plan(replace(AB0, hall="north"), replace(AC1, hall="south", table=1)),
        "ana: cannot walk from hall north to hall south between slots 0 and 1",
    ),
]


@pytest.mark.parametrize(("event", "plan", "words"), FAULTS, ids=[w for _, _, w in FAULTS])
def test_a_planted_fault_is_named(event: Event, plan: Plan, words: str) -> None:
    assert words in list(check(event, plan))


def test_a_valid_plan_has_nothing_said_against_it() -> None:
    assert list(check(make_event(), make_plan(AB0, CD0, AC1))) == []


@pytest.mark.parametrize("event", [e for e, _, _ in FAULTS], ids=[w for _, _, w in FAULTS])
def test_the_engine_keeps_the_rule(event: Event) -> None:
    plan = solve(event, time_limit_s=1)

    assert list(check(event, plan)) == []


def test_everybody_meets_everybody_in_three_slots() -> None:
    plan = solve(make_event(), time_limit_s=5)

    assert (plan.status, plan.weight, plan.breaks) == ("optimal", 6, 0)


def test_interpreters_with_two_languages_are_shared_out() -> None:
    event = make_event(
        slots=(Slot(),),
        tables_per_slot=(2,),
        wishes=(Wish("ab", "ana", "bo", pool="zh"), Wish("cd", "cem", "dee", pool="pl")),
        interpreters=(Interpreter("both", frozenset({"zh", "pl"})), Interpreter("one", frozenset({"zh"}))),
    )

    plan = solve(event, time_limit_s=5)

    assert {(m.wish, m.interpreter) for m in plan.meetings} == {("ab", "one"), ("cd", "both")}


def test_any_delegate_can_take_a_meeting_of_the_organisation() -> None:
    event = make_event(
        slots=(Slot(),),
        tables_per_slot=(2,),
        people=(
            Person("ana", organisation="uni"),
            Person("bo", organisation="uni"),
            Person("cem"),
            Person("dee"),
        ),
        organisations=(Organisation("uni"),),
        wishes=(Wish("uc", "uni", "cem"), Wish("ud", "uni", "dee")),
    )

    plan = solve(event, time_limit_s=5)

    assert {m.wish for m in plan.meetings} == {"uc", "ud"}
    assert {m.a for m in plan.meetings} == {"ana", "bo"}


def test_promises_that_cannot_hold_are_named_and_the_best_is_given() -> None:
    event = make_event(people=people_with(min_meetings=5))

    plan = solve(event, time_limit_s=2)

    assert plan.status == "infeasible"
    assert plan.conflict == ("ana is guaranteed 5 meetings and has room for 3.",)
    assert plan.weight == 6


def test_musts_in_a_circle_are_refuted_exactly() -> None:
    event = make_event(
        slots=(Slot(), Slot()),
        tables_per_slot=(2, 2),
        wishes=(
            Wish("ab", "ana", "bo", must=True),
            Wish("bc", "bo", "cem", must=True),
            Wish("ac", "ana", "cem", must=True),
        ),
    )

    plan = solve(event, time_limit_s=2)

    assert plan.status == "infeasible"
    assert plan.conflict[1:] == (
        "Wish ab between ana and bo must be granted.",
        "Wish bc between bo and cem must be granted.",
        "Wish ac between ana and cem must be granted.",
    )


def test_any_so_many_of_a_persons_musts_are_too_many() -> None:
    event = make_event(
        people=people_with(max_meetings=1),
        wishes=tuple(Wish(f"a{x[0]}", "ana", x, must=True) for x in ("bo", "cem", "dee")),
    )

    plan = solve(event, time_limit_s=1)

    assert plan.conflict == (
        "ana has room for 1 meeting and 3 that must be granted, any 2 of which are too many: wishes ab, ac, ad.",
    )


def test_whoever_has_no_room_is_the_only_reason_for_her_musts() -> None:
    people = (Person("ana", max_meetings=0), Person("bo", max_meetings=1), Person("cem"), Person("dee"))
    event = make_event(
        people=people, wishes=(Wish("ab", "ana", "bo", must=True), Wish("bc", "bo", "cem", must=True))
    )

    plan = solve(event, time_limit_s=1)

    assert plan.conflict == ("ana has room for 0 meetings and 1 that must be granted: wish ab.",)


def test_promises_that_find_no_slots_are_a_smallest_set() -> None:
    # One table in slot 0, where both musts have to begin; the guarantee of dee has room elsewhere.
    event = make_event(
        tables_per_slot=(1, 1, 1),
        people=(Person("ana"), Person("bo"), Person("cem"), Person("dee", min_meetings=1)),
        wishes=(
            Wish("ab", "ana", "bo", must=True, slots=frozenset({0})),
            Wish("cd", "cem", "dee", must=True, slots=frozenset({0})),
            Wish("bd", "bo", "dee"),
        ),
    )

    plan = solve(event, time_limit_s=1)

    assert plan.status == "infeasible"
    assert plan.conflict == (
        "These promises cannot hold together in the slots, tables and hours there are:",
        "Wish ab between ana and bo must be granted.",
        "Wish cd between cem and dee must be granted.",
    )


SAME_SLOT = frozenset({0})


@pytest.mark.parametrize(
    ("event", "plan", "wish", "kind", "words"),
    [
        (
            make_event(tables_per_slot=(1, 0, 2)),
            make_plan(CD0, meet("ac", 2, 0, "ana", "cem")),
            "ab",
            "tables_full",
            "ana and bo are both free in slots 0, 1: every table is taken in slot 0; there is no table in slot 1.",
        ),
        (
            make_event(
                wishes=(Wish("ab", "ana", "bo", length=2), Wish("ac", "ana", "cem")),
            ),
            make_plan(meet("ac", 1, 0, "ana", "cem")),
            "ab",
            "several",
            "ana and bo are both free in slots 0, 2: ana is not free for all its 2 slots in slot 0;"
            " its 2 slots would run over the end of a session in slot 2.",
        ),
        (
            make_event(people=people_with(max_per_day=1)),
            make_plan(meet("ac", 1, 0, "ana", "cem")),
            "ab",
            "rules",
            "ana and bo are both free in slots 0, 2: ana has the 1 meeting a day allows in all of them.",
        ),
        (
            make_event(
                tables_per_slot=(1, 2, 2),
                people=people_with(max_in_row=1),
                wishes=(*make_event().wishes[1:], Wish("ab", "ana", "bo", slots=frozenset({0, 2}))),
            ),
            make_plan(CD0, meet("ac", 1, 0, "ana", "cem")),
            "ab",
            "several",
            "ana and bo are both free in slots 0, 2: every table is taken in slot 0;"
            " ana would have more than 1 slots of meetings in a row in slot 2.",
        ),
        (
            make_event(wishes=(Wish("ab", "ana", "bo", slots=SAME_SLOT), Wish("ac", "ana", "cem"))),
            make_plan(meet("ac", 0, 0, "ana", "cem")),
            "ab",
            "rules",
            "ana and bo are both free in slots 1, 2: it may not begin in all of them.",
        ),
        (
            make_event(rules=Rules(lunch_windows=(frozenset({0, 1, 2}),))),
            make_plan(meet("ac", 0, 0, "ana", "cem"), meet("ad", 1, 0, "ana", "dee")),
            "ab",
            "rules",
            "ana and bo are both free in slot 2: ana would have no free slot for lunch there.",
        ),
        (
            make_event(tables_per_slot=(1, 1, 1)),
            make_plan(CD0),
            "ab",
            "search",
            "It would still fit in slots 1, 2; the search ended before.",
        ),
    ],
)
def test_a_reason_says_what_stands_against_each_slot(
    event: Event, plan: Plan, wish: str, kind: str, words: str
) -> None:
    reason = explain(event, plan, wish)

    assert reason is not None
    assert (reason.kind, reason.text) == (kind, words)


def test_a_meeting_that_breaks_a_rule_is_left_out_of_the_reasons_of_others() -> None:
    plan = make_plan(replace(CD0, slot=7), AB0, meet("ac", 0, 1, "ana", "cem"))

    reason = explain(make_event(), plan, "ad")

    # Of the meetings only ab stands: cd lies outside the day, ac doubles ana.
    assert reason is not None
    assert reason.text == "It would still fit in slots 1, 2; the search ended before."


def test_a_long_meeting_keeps_one_table_where_their_number_changes() -> None:
    # Two tables in the middle slot, and yet both long meetings would need the first one there.
    event = make_event(
        tables_per_slot=(1, 2, 1),
        wishes=(
            Wish("ab", "ana", "bo", length=2, slots=frozenset({0})),
            Wish("cd", "cem", "dee", length=2, slots=frozenset({1})),
        ),
    )

    plan = solve(event, time_limit_s=1)

    assert list(check(event, plan)) == []
    assert plan.weight == 1
    (reason,) = plan.reasons
    assert reason.kind in ("tables_full", "several")
    assert "no table is free throughout" in reason.text


def test_a_late_long_meeting_is_seated_though_others_must_change_tables() -> None:
    event = make_event(
        slots=(Slot(), Slot()),
        tables_per_slot=(2, 2),
        people=tuple(map(Person, ("ana", "bo", "cem", "dee", "eva", "fay"))),
        wishes=(
            Wish("ab", "ana", "bo", slots=frozenset({0})),
            Wish("cd", "cem", "dee", slots=frozenset({1})),
            Wish("ef", "eva", "fay", length=2),
        ),
    )
    plan = make_plan(AB0, replace(CD0, slot=1))

    result = repair(event, plan, Changes(), Budget())

    assert list(check(result.event, result.plan)) == []
    assert {(m.wish, m.slot) for m in result.plan.meetings} == {("ab", 0), ("cd", 1), ("ef", 0)}


@pytest.mark.parametrize(
    ("event", "wish", "kind"),
    [
        (make_event(tables_per_slot=(0, 0, 0)), "ab", "rules"),
        (make_event(people=people_with(open_slots=frozenset())), "ab", "absent"),
        (make_event(people=people_with(max_meetings=0)), "ab", "person_full"),
        (make_event(rules=Rules(no_thanks=frozenset({("ana", "bo")}))), "ab", "no_thanks"),
        (make_event(wishes=(Wish("ab", "ana", "bo", pool="fi"),)), "ab", "interpreters_full"),
        (
            make_event(
                slots=(Slot(),),
                tables_per_slot=(1,),
                wishes=(Wish("ab", "ana", "bo"), Wish("cd", "cem", "dee", 2)),
            ),
            "ab",
            "tables_full",
        ),
    ],
)
def test_unmet_wishes_have_the_right_reason(event: Event, wish: str, kind: str) -> None:
    plan = solve(event, time_limit_s=1)

    reason = explain(event, plan, wish)

    assert reason is not None
    assert reason.kind == kind


def test_frozen_meetings_stay() -> None:
    event = make_event()
    start = make_plan(meet("ab", 2, 1, "ana", "bo"))

    plan = solve(event, time_limit_s=1, start=start, frozen={"ab"})

    assert next(m for m in plan.meetings if m.wish == "ab") == start.meetings[0]
    assert plan.weight == 6


def test_a_frozen_wish_without_a_meeting_is_an_error() -> None:
    with pytest.raises(InvalidEventError, match="frozen: wish ab has no meeting"):
        solve(make_event(), frozen={"ab"})


def test_a_cancellation_refills_without_moving_anybody() -> None:
    event = make_event(slots=(Slot(),), tables_per_slot=(1,))
    plan = make_plan(AB0)

    result = repair(event, plan, Changes(cancelled=frozenset({"ana"})), Budget())

    assert [(d.kind, d.wish) for d in result.differences][:1] == [("lost", "ab")]
    assert [d.kind for d in result.differences] == ["lost", "added"]
    assert result.refillable_bound == 1
    assert list(check(result.event, result.plan)) == []


def test_confirmed_meetings_move_only_if_allowed() -> None:
    # cem and dee can only meet in slot 0, where the only table is taken by a confirmed meeting.
    event = make_event(
        slots=(Slot(), Slot()),
        tables_per_slot=(1, 1),
        wishes=(Wish("ab", "ana", "bo"), Wish("cd", "cem", "dee", slots=frozenset({0}))),
    )
    changes = Changes(confirmed=frozenset({"ab"}))

    result = repair(event, make_plan(AB0), changes, Budget(moves=3))

    assert [m.slot for m in result.plan.meetings if m.wish == "ab"] == [0]


@pytest.mark.parametrize(
    ("confirmed", "budget", "kind"),
    [
        (False, Budget(moves=0), "lost"),
        (False, Budget(moves=1), "moved"),
        (True, Budget(moves=1), "lost"),
        (True, Budget(moves=1, move_confirmed=True), "moved"),
        (True, Budget(moves=0, move_confirmed=True), "lost"),
    ],
)
def test_a_lost_table_moves_a_meeting_only_within_the_budget(
    confirmed: bool, budget: Budget, kind: str
) -> None:
    event = make_event(slots=(Slot(), Slot()), tables_per_slot=(1, 1), wishes=(Wish("ab", "ana", "bo"),))
    changes = Changes(lost_tables={0: 1}, confirmed=frozenset({"ab"} if confirmed else ()))

    result = repair(event, make_plan(AB0), changes, budget)

    assert [(d.kind, d.wish) for d in result.differences] == [(kind, "ab")]
    assert list(check(result.event, result.plan)) == []


def test_a_delegate_who_cancels_is_stood_in_for_in_the_same_slot() -> None:
    event = make_event(
        people=(Person("ana", organisation="uni"), Person("bo", organisation="uni"), Person("cem")),
        organisations=(Organisation("uni"),),
        wishes=(Wish("uc", "uni", "cem"),),
    )
    plan = make_plan(meet("uc", 1, 0, "ana", "cem"))
    changes = Changes(cancelled=frozenset({"ana"}), confirmed=frozenset({"uc"}))

    result = repair(event, plan, changes)

    assert [(m.slot, m.a) for m in result.plan.meetings] == [(1, "bo")]


def test_the_refill_list_names_whom_a_freed_slot_could_be_given_to() -> None:
    # One table, three slots: when ana cancels in slot 0, bo, cem and dee could each meet one another there.
    event = make_event(
        tables_per_slot=(1, 1, 1), wishes=(*make_event().wishes[:-1], Wish("cd", "cem", "dee", 2))
    )
    plan = make_plan(AB0, AC1, meet("bd", 2, 0, "bo", "dee"))

    result = repair(event, plan, Changes(cancelled=frozenset({"ana"})))

    assert result.refill == {0: ("cd", "bc"), 1: ("cd", "bc")}
    assert {d.wish for d in result.differences if d.kind == "added"} == {"cd", "bc"}


def test_the_refill_list_leaves_out_slots_that_are_past_or_were_not_freed() -> None:
    event = make_event(tables_per_slot=(1, 1, 2))
    plan = make_plan(AB0, AC1)

    result = repair(event, plan, Changes(cancelled=frozenset({"ana"}), now=1))

    assert result.refill == {1: ("bc", "bd", "cd")}


@pytest.mark.parametrize("seed", range(6))
def test_repairs_keep_to_their_budget(seed: int) -> None:
    event = generate("wishes", people=30, wishes=120, slots=6, tables=10, seed=seed)
    plan = solve(event, time_limit_s=0.5, seed=seed)
    rng = random.Random(seed)
    confirmed = frozenset(rng.sample([m.wish for m in plan.meetings], len(plan.meetings) // 3))
    lost = {t: rng.randrange(5) for t in range(6)}

    for moves in (0, 2, 6):
        changes = Changes(
            cancelled=frozenset(rng.sample([p.id for p in event.people], 2)),
            lost_tables=lost,
            confirmed=confirmed,
        )
        result = repair(event, plan, changes, Budget(moves=moves))
        moved = {d.wish for d in result.differences if d.kind == "moved"}
        assert list(check(result.event, result.plan)) == []
        assert len(moved) <= moves
        assert not moved & confirmed


def test_more_tables_have_their_price() -> None:
    event = make_event(tables_per_slot=(1, 1, 1))

    price = what_if(event, tables=1)

    assert (price.meetings_bound_before, price.meetings_bound_after) == (3, 6)


def test_local_hours_follow_the_clock_change() -> None:
    # Clocks in Warsaw go back on 25 October 2026: 8 UTC is 10 o'clock the day before, 9 o'clock after.
    starts = [datetime(2026, 10, day, 8, tzinfo=UTC) for day in (24, 25)]

    assert open_slots(starts, 30, "Europe/Warsaw", 10, 18) == frozenset({0})
    assert open_slots(starts, 30, "Europe/Warsaw", 9, 10) == frozenset({1})


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(InvalidEventError, match="IANA"):
        open_slots([datetime(2026, 1, 1, tzinfo=UTC) + timedelta()], 30, "Mars/Base")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"wishes": (Wish("x", "ana", "eve"),)}, "wishes: x names eve, who does not take part"),
        ({"wishes": (Wish("x", "ana", "ana"),)}, "wishes: x is between ana and themselves"),
        ({"tables_per_slot": (1,)}, "tables_per_slot: 1 numbers for 3 slots"),
        ({"people": (Person("ana"), Person("ana"))}, "people: ana is there twice"),
        ({"slots": ()}, "slots: an event needs at least one slot"),
        ({"tables_per_slot": (10**9,) * 3}, "tables_per_slot: 1000000000 is more than the limit of 10000"),
    ],
)
def test_contradictory_events_name_the_key(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidEventError) as error:
        solve(make_event(**changes))

    assert str(error.value) == words
