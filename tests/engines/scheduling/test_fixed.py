"""The exact engine on small fixed lists: hand-solved cases, each rule, contradictions in words."""

import json
import sys
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pysat.solvers import Solver

from serai.engines.scheduling import InvalidEventError, race, worker
from serai.engines.scheduling.conflict import minimal_conflict
from serai.engines.scheduling.encode import Formula, count_breaks, encode, slots_of_model
from serai.engines.scheduling.fixed import (
    ContradictionError,
    FixedMeeting,
    FixedProblem,
    breaks_by_person,
    check_fixed,
    meetings_over,
    propagate,
    read_fixed,
    write_fixed,
)
from serai.engines.scheduling.generate import random_fixed
from serai.engines.scheduling.profile import (
    bound_without_search,
    improve_destructively,
    joint_bound,
    profile_bound,
)
from serai.engines.scheduling.race import solve_fixed

FAR_AWAY = float("inf")


def make_problem(**changes: object) -> FixedProblem:
    """Four people, three meetings in a chain, four slots in two sessions, one table."""
    plain: dict[str, object] = {
        "participants": 4,
        "slots": 4,
        "tables": 1,
        "meetings": (FixedMeeting(0, 1), FixedMeeting(1, 2), FixedMeeting(2, 3)),
        "sessions": {"am": (0, 2), "pm": (2, 4)},
        "forbidden": {},
        "fairness": 2,
    }
    return FixedProblem(**(plain | changes))  # type: ignore[arg-type]


def test_a_chain_at_one_table_needs_no_break() -> None:
    plan = solve_fixed(make_problem(), time_limit_s=30)

    assert (plan.status, plan.breaks, plan.bound) == ("optimal", 0, 0)
    assert plan.slots is not None
    assert list(check_fixed(make_problem(), plan.slots)) == []


def test_a_forced_break_is_proved() -> None:
    problem = make_problem(forbidden={1: frozenset({1, 2})}, participants=4)

    plan = solve_fixed(problem, time_limit_s=30)

    # Participant 1 has slots 0 and 3 only: one break, whatever the schedule.
    assert (plan.status, plan.breaks, plan.bound) == ("optimal", 1, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"forbidden": {1: frozenset({0, 1, 2})}}, "Participant 1 has 2 meetings and only 1 open slots."),
        ({"slots": 2, "sessions": {}}, "3 meetings must be in slots 0 to 1, where 1 tables hold 2."),
        (
            {
                "meetings": (
                    FixedMeeting(0, 1, slot=2),
                    FixedMeeting(1, 2, slot=2),
                    FixedMeeting(2, 3),
                )
            },
            "Participant 1 has 2 meetings and only 1 open slots.",
        ),
        (
            {"meetings": (FixedMeeting(0, 1, after=(1,)), FixedMeeting(2, 3, after=(0,)))},
            "Meeting 1 between 2 and 3 has no slot left: it must come before other meetings.",
        ),
    ],
)
def test_contradictions_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ContradictionError) as error:
        propagate(make_problem(**changes))

    assert str(error.value) == words


def test_each_rule_has_its_sentence() -> None:
    problem = make_problem(
        meetings=(
            FixedMeeting(0, 1, session="pm"),
            FixedMeeting(1, 2, slot=3),
            FixedMeeting(2, 3, after=(0,)),
        ),
        forbidden={3: frozenset({0})},
    )

    assert list(check_fixed(problem, (0, 0, 0))) == [
        "meeting 0: slot 0 is outside its session pm",
        "meeting 1: is in slot 0, fixed to slot 3",
        "meeting 2: is in slot 0, not after meeting 0 in slot 0",
        "meeting 2: participant 3 is not free in slot 0",
        "participant 1: meetings 0, 1 in slot 0",
        "participant 2: meetings 1, 2 in slot 0",
        "slot 0: 3 meetings, 1 tables",
    ]


def test_unfair_schedules_are_seen() -> None:
    problem = make_problem(tables=3, fairness=0, meetings=(FixedMeeting(0, 1), FixedMeeting(0, 2)))

    assert list(check_fixed(problem, (0, 3))) == [
        "fairness: participant 0 has 1 breaks, participant 1 has 0; they may differ by 0"
    ]


def test_a_conflict_about_fairness_names_only_the_meetings_it_needs() -> None:
    # The two meetings of 0 leave her with a break, whatever the slots; 2, 4 and 5 have nothing to do with it.
    problem = make_problem(
        participants=6,
        slots=3,
        sessions={},
        tables=3,
        meetings=(FixedMeeting(0, 3), FixedMeeting(4, 5), FixedMeeting(2, 4), FixedMeeting(0, 1)),
        forbidden={0: frozenset({1})},
        fairness=0,
    )

    assert minimal_conflict(problem, FAR_AWAY) == (
        "Participant 0 is absent in slot 1.",
        "The breaks of any two participants differ by at most 0.",
        "Meetings: meeting 0 (0 with 3), meeting 3 (0 with 1).",
    )


def test_a_conflict_cut_short_says_so() -> None:
    problem = make_problem(slots=2, sessions={})

    conflict = minimal_conflict(problem, 0.0)

    assert conflict[-1] == "Time ran out: perhaps not all of these are needed for the contradiction."


def test_the_smallest_conflict_holds_only_what_is_needed() -> None:
    problem = make_problem(
        tables=3,
        meetings=(
            FixedMeeting(0, 1, session="am"),
            FixedMeeting(1, 2, session="am"),
            FixedMeeting(1, 3, session="am"),
            FixedMeeting(2, 3),
        ),
    )

    assert minimal_conflict(problem, FAR_AWAY) == (
        "Meeting 0 is in session am.",
        "Meeting 1 is in session am.",
        "Meeting 2 is in session am.",
        "Meetings: meeting 0 (0 with 1), meeting 1 (1 with 2), meeting 2 (1 with 3).",
    )


def brute_force(problem: FixedProblem) -> int | None:
    """Fewest breaks by trying every schedule."""
    best = None
    for slots in product(range(problem.slots), repeat=len(problem.meetings)):
        if next(check_fixed(problem, slots), None) is None:
            value = sum(breaks_by_person(problem, slots))
            best = value if best is None else min(best, value)
    return best


@st.composite
def problems(draw: st.DrawFn) -> FixedProblem:
    slots = draw(st.integers(2, 5))
    people = draw(st.integers(2, 5))
    pair = st.tuples(st.integers(0, people - 1), st.integers(0, people - 1)).filter(lambda x: x[0] < x[1])
    pairs = draw(st.lists(pair, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(0, slots))
    meetings = []
    for i, (a, b) in enumerate(pairs):
        meetings.append(
            FixedMeeting(
                a,
                b,
                session=draw(st.sampled_from((None, None, "am", "pm"))),
                slot=draw(st.sampled_from((None, None, None, 0, 1))),
                after=(i - 1,) if i and draw(st.sampled_from((False, False, True))) else (),
            )
        )
    return FixedProblem(
        participants=people,
        slots=slots,
        tables=draw(st.integers(1, 3)),
        meetings=tuple(meetings),
        sessions={"am": (0, cut), "pm": (cut, slots)},
        forbidden={0: draw(st.frozensets(st.integers(0, slots - 1), max_size=2))},
        fairness=draw(st.sampled_from((None, 0, 1, 2))),
    )


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_bounds_and_clauses_agree_with_trying_everything(problem: FixedProblem) -> None:
    truth = brute_force(problem)
    try:
        domains = propagate(problem)
        bounds = [f(problem, domains, 5.0).bound for f in (profile_bound, joint_bound)]
        bounds.append(bound_without_search(problem, domains, 5.0))
    except ContradictionError:
        assert truth is None
        return
    for published in (False, True):
        assert fewest_by_clauses(problem, encode(problem, domains, published=published)) == truth
    if truth is not None:
        assert max(bounds) <= truth


def fewest_by_clauses(problem: FixedProblem, f: Formula) -> int | None:
    outputs = count_breaks(f, len(f.soft) + 1)
    with Solver(name="cadical153", bootstrap_with=f.clauses) as solver:
        for most in range(len(outputs) + 1):
            if solver.solve(assumptions=[-x for x in outputs[most : most + 1]]):
                slots = slots_of_model(f, solver.get_model(), len(problem.meetings))
                assert list(check_fixed(problem, slots)) == []
                return sum(breaks_by_person(problem, slots))
    return None


def test_refutation_by_preprocessing_raises_the_bound() -> None:
    # Everybody meets everybody, three meetings each, at two tables; person 0 is away in the second of
    # four slots and so has a break.
    pairs = [(a, b) for a in range(4) for b in range(a)]
    problem = make_problem(
        participants=4,
        slots=4,
        tables=2,
        sessions={},
        meetings=tuple(FixedMeeting(a, b) for a, b in pairs),
        forbidden={0: frozenset({1})},
        fairness=None,
    )

    assert improve_destructively(problem, propagate(problem), 0, 5.0) == brute_force(problem)


def test_what_no_number_of_breaks_can_mend_is_impossible_at_once() -> None:
    # Three people meet each other in the same two slots: clauses see it, propagation does not.
    problem = make_problem(
        slots=3,
        sessions={},
        participants=6,
        meetings=tuple(FixedMeeting(a, b) for a, b in ((0, 1), (1, 2), (0, 2), (3, 4), (4, 5))),
        forbidden={p: frozenset({2}) for p in (0, 1, 2)},
        tables=9,
    )
    said: list[dict[str, object]] = []

    worker.sat_upwards(problem, propagate(problem), lambda **message: said.append(message))

    assert said[-1] == {"infeasible": "No schedule keeps every rule (refuted by search)."}
    assert not any("bound" in message for message in said)


def test_the_quick_schedule_is_valid() -> None:
    problem = random_fixed(people=30, meetings=60, slots=12, tables=12, seed=1)
    said: list[dict[str, object]] = []

    worker.local_search(problem, propagate(problem), lambda **message: said.append(message), 1)

    assert list(check_fixed(problem, said[0]["slots"])) == []  # type: ignore[arg-type]


def test_files_are_read_back_as_written() -> None:
    problem = random_fixed(people=12, meetings=20, slots=6, tables=5, seed=1)

    assert read_fixed(json.loads(json.dumps(write_fixed(problem)))) == problem


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("participants", -1, "participants: -1 is not a whole number from 0"),
        ("slots", 10**9, "slots: 1000000000 is more than the limit of 400"),
        ("meetings", [{"id": 0, "a": 0, "b": 9}], "meetings: 0: 9 is not a participant 0..3"),
        ("meetings", [{"id": 0, "a": 1, "b": 1}], "meetings: 0: participant 1 would meet themselves"),
        ("meetings", [{"id": 3, "a": 0, "b": 1}], "meetings: 0: has id 3; ids count from 0 in order"),
        (
            "meetings",
            [{"id": 0, "a": 0, "b": 1, "session": ["am"]}],
            "meetings: 0: session ['am'] is not one of am, pm",
        ),
        ("sessions", {"am": [3, 1]}, "sessions: 'am' must be [first, end] within 0..4"),
        ("forbidden", {"9": [1]}, "forbidden: '9' is not a participant 0..3"),
        ("format", "other", "format: 'other' is not b2bsp-1"),
    ],
)
def test_bad_files_name_the_key(key: str, value: object, words: str) -> None:
    data = write_fixed(make_problem()) | {key: value}

    with pytest.raises(InvalidEventError) as error:
        read_fixed(data)

    assert str(error.value) == words


def test_an_arm_that_crashes_costs_a_note() -> None:
    problem = make_problem(forbidden={1: frozenset({1, 2})})

    plan = solve_fixed(problem, time_limit_s=120, arms=("no such arm",))

    # The local search had a schedule all the same, and the profile bound proves it.
    assert (plan.status, plan.breaks, plan.bound) == ("optimal", 1, 1)
    assert any(note.startswith("no such arm ended with code 1") for note in plan.engine["notes"])


def test_an_easy_list_takes_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "HEAD_START_S", FAR_AWAY)

    plan = solve_fixed(make_problem(), time_limit_s=120, arms=("sat", "no such arm"))

    assert (plan.status, plan.engine["decided_by"], plan.engine["notes"]) == ("optimal", "sat", [])


def test_the_second_arm_need_not_wait_for_one_that_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "HEAD_START_S", FAR_AWAY)
    monkeypatch.setattr(race, "WAIT_BEFORE_LATE_ARMS_S", FAR_AWAY)

    plan = solve_fixed(make_problem(), time_limit_s=120, arms=("no such arm", "sat"))

    assert (plan.status, plan.engine["decided_by"]) == ("optimal", "sat")


def test_the_second_arm_joins_one_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "HEAD_START_S", 0.0)
    monkeypatch.setattr(race, "WAIT_BEFORE_LATE_ARMS_S", FAR_AWAY)

    # Of one break the local search proves nothing, so only the other arm can end the race.
    problem = make_problem(forbidden={1: frozenset({1, 2})})
    plan = solve_fixed(problem, time_limit_s=120, arms=("local search", "maxsat"))

    assert (plan.status, plan.engine["decided_by"]) == ("optimal", "maxsat")


def test_sessions_fixed_and_closed_slots_say_how_many_meetings_are_over() -> None:
    problem = make_problem(
        meetings=(FixedMeeting(0, 1, session="am"), FixedMeeting(1, 2, slot=2), FixedMeeting(1, 3)),
        forbidden={3: frozenset({0})},
    )
    # Slot 2 is taken by the fixed meeting; the third is in slot 1 or 3.
    assert meetings_over(problem, propagate(problem), 1) == ([0, 1, 2, 3], [1, 2, 3, 3])


def test_an_arm_that_hangs_is_killed_and_the_bound_kept() -> None:
    problem = random_fixed(people=60, meetings=230, slots=10, tables=24, seed=3)

    plan = solve_fixed(problem, time_limit_s=0.2, explain_conflict=False)

    assert plan.status in ("optimal", "feasible", "unknown", "infeasible")
    assert plan.seconds < 15


def test_without_a_maxsat_package_the_next_solver_takes_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "hermax.core", None)
    problem = make_problem(forbidden={1: frozenset({1, 2})})
    said: list[dict[str, object]] = []

    worker.maxsat(problem, propagate(problem), lambda **message: said.append(message))

    assert said[0] == {"missing": "hermax (UWrMaxSat)"}
    assert said[1] == {"engine": "RC2"}
    assert sum(breaks_by_person(problem, said[2]["slots"])) == 1  # type: ignore[arg-type]


def test_fairness_zero_is_kept() -> None:
    problem = replace(random_fixed(people=10, meetings=20, slots=6, tables=4, seed=2), fairness=0)

    plan = solve_fixed(problem, time_limit_s=60)

    assert plan.status in ("optimal", "infeasible")
    if plan.slots is not None:
        assert len(set(breaks_by_person(problem, plan.slots))) == 1
