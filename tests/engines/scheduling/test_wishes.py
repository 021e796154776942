"""The stages of the wish-list engine: bounds, exchanges, windows, the lost solver, fairness, reasons."""

import random
import time
from collections import Counter
from importlib import import_module
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from serai.engines.scheduling import (
    Budget,
    Changes,
    Event,
    Hall,
    Interpreter,
    Person,
    Plan,
    PlannedMeeting,
    Rules,
    Slot,
    Wish,
    check,
    repair,
    solve,
    what_if,
)
from serai.engines.scheduling.bounds import breaks_bound
from serai.engines.scheduling.breaks import BreakSearch
from serai.engines.scheduling.choose import Beside, Chooser
from serai.engines.scheduling.generate import generate
from serai.engines.scheduling.model import Model
from serai.engines.scheduling.place import Board, Placer, first_come, restore
from serai.engines.scheduling.programme import LostError, Rows, Solver
from serai.engines.scheduling.seats import seat
from serai.engines.scheduling.svg import MAX_ROWS, draw_plan
from serai.engines.scheduling.windows import Windows, useful_options

solving = import_module("serai.engines.scheduling.solve")
"""The module; the package gives its function this name."""


def small(family: str = "wishes", **more: int) -> Event:
    sizes = {"people": 60, "wishes": 300, "slots": 10, "tables": 14, "seed": 3} | more
    return generate(family, **sizes)  # type: ignore[arg-type]


def board_with_choice(event: Event) -> tuple[Board, Chooser, Solver]:
    model = Model(event)
    solver = Solver()
    chooser = Chooser(model, solver)
    choice = chooser.choose()
    assert choice is not None
    board = Board(model)
    Placer(board, random.Random(0)).place_all(choice.options, float("inf"))
    return board, chooser, solver


def test_of_three_people_in_one_slot_one_stays_idle() -> None:
    wishes = (Wish("ab", "a", "b"), Wish("bc", "b", "c"), Wish("ac", "a", "c"))
    event = Event((Slot(), Slot()), (3, 3), tuple(map(Person, "abc")), wishes)

    plan = solve(event, time_limit_s=1)

    # Slots left aside each could meet two; in a slot of three people only two are busy.
    assert (plan.weight, plan.weight_bound) == (2, 2)


@pytest.mark.parametrize("family", ["wishes", "pool", "rests", "online", "musts", "everything"])
@pytest.mark.parametrize(("seed", "limit"), [(0, 0.02), (1, 0.02), (1, 0.3)])
def test_a_run_cut_short_is_never_below_first_come(family: str, seed: int, limit: float) -> None:
    event = small(family, people=120, wishes=900, slots=12, tables=30, seed=seed)
    board = Board(Model(event))
    first_come(board)
    met = {event.wishes[w].id for w in board.placed}
    promises_held = all(w.id in met for w in event.wishes if w.must) and all(
        board.count[p] >= person.min_meetings for p, person in enumerate(event.people)
    )

    plan = solve(event, time_limit_s=limit)

    assert not list(check(event, plan))
    if promises_held:
        assert plan.weight >= board.weight
    else:
        # What greedy breaks, the plan keeps, whatever weight that costs.
        assert plan.status != "unknown"


def test_pieces_are_the_components_of_two_matchings() -> None:
    board, _, solver = board_with_choice(small())
    search = BreakSearch(board, 0)
    for s, t in ((0, 1), (3, 7), (8, 2)):
        piece = search._pieces(search.at[s], search.at[t])
        for slot in (s, t):
            for i in np.unique(search.at[slot][search.at[slot] >= 0]):
                o = board.model.options[i]
                assert piece[o.a] == piece[o.b]
        for p in range(board.model.P):
            members = set(np.flatnonzero(piece == piece[p]).tolist())
            reached, front = {p}, [p]
            while front:
                q = front.pop()
                for slot in (s, t):
                    if search.at[slot, q] >= 0:
                        mate = int(search.ends[search.at[slot, q]]) - q
                        if mate not in reached:
                            reached.add(mate)
                            front.append(mate)
            assert members == reached
    solver.close()


@pytest.mark.parametrize("family", ["wishes", "interpreters", "limits", "rests", "halls", "musts", "days"])
def test_exchanges_lower_breaks_and_nothing_else(family: str) -> None:
    board, _, solver = board_with_choice(small(family))
    solver.close()
    before, weight, breaks = list(board.count), board.weight, board.breaks()
    musts = {w for w in board.placed if board.model.event.wishes[w].must}
    search = BreakSearch(board, 1)

    search.run(float("inf"), sweeps=15)
    after = Board(board.model)
    restore(after, search.placed())

    assert after.breaks() == search.best_value < breaks
    assert after.weight == search.best_weight >= weight
    assert musts <= set(after.placed)
    steps = board.model.event.rules.guarantee_count
    # Nobody loses one of the first meetings fairness gave her.
    assert all(min(b, steps) <= a for b, a in zip(before, after.count, strict=True))


def test_a_window_never_loses_weight_and_finds_what_is_missing() -> None:
    board, chooser, solver = board_with_choice(small(tables=40, wishes=500))
    goal = chooser.choose()
    assert goal is not None
    for w in list(board.placed)[::7]:
        board.take(w)
    weight = board.weight
    assert chooser.linear is not None
    useful = useful_options(board.model, chooser.linear.cost_of_granting)

    Windows(board, solver, random.Random(0), (), useful).run(
        float("inf"), goal.weight_bound, 30, lambda: False
    )
    solver.close()

    assert weight < board.weight <= goal.weight_bound
    assert board.weight >= 0.99 * goal.weight_bound


def test_a_killed_solver_process_is_started_again_and_told() -> None:
    rows = Rows()
    rows.count(range(1_000), 0.0, 10.0)
    with Solver() as solver:
        solver.start()
        assert solver._child is not None
        solver._child.kill()
        solver._child.wait()

        answer = solver.solve(-np.ones(1_000), rows, 10.0)

        assert answer is not None
        assert len(answer.columns or ()) == 10
        assert solver.notes == ["the process of HiGHS ended early"]


def test_without_any_solver_there_is_still_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serai.engines.scheduling.programme.SMALL", 0)
    monkeypatch.setattr(Solver, "_ask", lambda *_: (_ for _ in ()).throw(LostError))
    event = small()

    plan = solve(event, time_limit_s=2)

    assert list(check(event, plan)) == []
    assert 0 < plan.weight <= plan.weight_bound
    assert "the process of HiGHS ended early" in plan.engine["notes"]


def test_a_hanging_solver_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serai.engines.scheduling.programme.MOST_GRACE_S", -10.0)
    rows = Rows()
    rows.count(range(1_000), 0.0, 10.0)
    with Solver() as solver:
        assert solver.solve(-np.ones(1_000), rows, 1.0) is None
        assert solver.notes == ["HiGHS gave no answer to a programme of 1.0 s and was stopped"]


def test_nobody_gets_a_fourth_meeting_before_everybody_has_a_first() -> None:
    # Five places: the hub could take all of them, but two pairs have no other wish.
    hub = [Wish(f"h{i}", "hub", f"x{i}") for i in range(5)]
    pairs = [Wish("ab", "a", "b"), Wish("cd", "c", "d")]
    people = tuple(map(Person, ["hub", *[f"x{i}" for i in range(5)], *"abcd"]))
    event = Event((Slot(),) * 5, (1,) * 5, people, tuple(hub + pairs))

    plan = solve(event, time_limit_s=2)

    count = Counter(p for m in plan.meetings for p in (m.a, m.b))
    assert plan.weight == plan.weight_bound == 5
    assert all(count[p] == 1 for p in "abcd")
    assert count["hub"] == 3


@pytest.mark.parametrize("family", ["wishes", "pool", "rests", "limits"])
def test_steps_not_the_clock_make_the_plan(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # So many steps that a slow machine needs a small part of the time only.
    monkeypatch.setattr(solving, "EASY_SHARE", 0.005)
    monkeypatch.setattr(solving, "HARD_SHARE", 0.005)
    monkeypatch.setattr(solving, "WINDOWS_PER_S", 0.1)
    monkeypatch.setattr("serai.engines.scheduling.windows.WINDOW_LIMIT_S", 50.0)
    event = small(family, people=30, wishes=90, slots=6)

    plans = [solve(event, time_limit_s=100, seed=5) for _ in range(2)]

    assert [p.engine["in_time"] for p in plans] == [True, True]
    assert plans[0].meetings == plans[1].meetings


def test_a_clock_that_is_not_behind_has_no_say_in_the_search() -> None:
    board, _, solver = board_with_choice(small("pool"))
    solver.close()
    found = []
    for patience_s in (1_000, 2_000):
        search = BreakSearch(board, 3)
        assert search.run(time.monotonic() + patience_s, sweeps=3)
        found.append(search.placed())

    assert found[0] == found[1]


def test_a_search_led_by_the_clock_says_so() -> None:
    board, _, solver = board_with_choice(small("pool"))
    solver.close()

    assert not BreakSearch(board, 3).run(time.monotonic() + 0.3, sweeps=100_000)


@pytest.mark.parametrize("family", ["wishes", "limits"])
def test_every_reason_holds_in_the_plan(family: str) -> None:
    event = small(family, tables=9)

    plan = solve(event, time_limit_s=1.5)

    free = free_slots(event, plan)
    tables = Counter(s for m in plan.meetings for s in m.slots)
    count = Counter(p for m in plan.meetings for p in (m.a, m.b))
    person = {p.id: p for p in event.people}
    wish = {w.id: w for w in event.wishes}
    granted = {m.wish for m in plan.meetings}
    assert {r.wish for r in plan.reasons} == set(wish) - granted
    for r in plan.reasons:
        w = wish[r.wish]
        both = free[w.a] & free[w.b]
        if r.kind == "person_full":
            (who,) = r.people
            assert not free[who] or count[who] == person[who].max_meetings
        elif r.kind == "no_common_slot":
            assert not both
        elif r.kind == "tables_full":
            assert set(r.slots) == both
            assert all(tables[s] == event.tables_per_slot[s] for s in r.slots)
        else:
            raise AssertionError(r)


def free_slots(event: Event, plan: Plan) -> dict[str, set[int]]:
    every = set(range(len(event.slots)))
    free = {p.id: set(every if p.open_slots is None else p.open_slots) for p in event.people}
    for m in plan.meetings:
        for p in (m.a, m.b):
            free[p] -= set(m.slots)
    return free


def test_a_price_is_a_sentence() -> None:
    wishes = (Wish("ab", "a", "b"), Wish("cd", "c", "d"))
    event = Event((Slot(),), (1,), tuple(map(Person, "abcd")), wishes)

    price = what_if(event, tables=1)

    assert price.text == (
        "1 more table: at most 2 meetings instead of 1, weight at most 2 instead of 1"
        " (proved bounds; what schedules gain may differ)."
    )


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (1, "The plan has 1 meeting and can gain at most 1."),
        (0, "The plan has 1 meeting and can gain at most 0."),
        (-1, "The plan has 1 meeting and must lose at least 1."),
    ],
)
def test_a_price_says_what_it_means_for_a_plan(tables: int, words: str) -> None:
    wishes = (Wish("ab", "a", "b"), Wish("cd", "c", "d"))
    event = Event((Slot(),), (1,), tuple(map(Person, "abcd")), wishes)
    plan = solve(event, time_limit_s=1)

    assert what_if(event, plan, tables=tables).text.endswith(words)


def test_moves_within_the_budget_grant_more() -> None:
    event = small(tables=40, wishes=500)
    plan = solve(event, time_limit_s=3)
    gone = frozenset(p.id for p in event.people[:3])

    added = []
    for moves in (0, 10):
        result = repair(event, plan, Changes(cancelled=gone), Budget(moves=moves, seconds=5))
        kinds = Counter(d.kind for d in result.differences)
        assert list(check(result.event, result.plan)) == []
        assert kinds["moved"] <= moves
        assert kinds["added"] <= result.refillable_bound
        added.append(kinds["added"])
    assert added[0] <= added[1]


def test_what_nobody_is_left_to_interpret_gives_its_place_to_others() -> None:
    event = generate("everything", seed=1)
    model = Model(event)
    board = Board(model)
    first_come(board)
    before = board.weight
    _, unserved = seat(model, board.placed)
    without = before - sum(event.wishes[w].weight for w in unserved)

    meetings, gone = solving.seat_all(board, {})

    weight = sum(event.wishes[w].weight for w in board.placed)
    assert unserved
    assert without < weight <= before
    assert {m.wish for m in meetings} == {event.wishes[w].id for w in board.placed}
    assert not set(gone) & set(board.placed)
    for option, start in board.copy_placed().values():
        board.take(model.options[option].wish)
        assert board.fits(option, start)
        board.put(option, start)
    assert seat(model, board.placed, {m.wish: m for m in meetings})[1] == ()


def test_a_repair_that_fills_every_table_needs_no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    event = small(tables=4, wishes=300)
    plan = solve(event, time_limit_s=1)
    gone = Changes(cancelled=frozenset(p.id for p in event.people[:2]))
    programmes: list[Rows] = []
    monkeypatch.setattr(Solver, "start", lambda _: None)
    monkeypatch.setattr(Solver, "solve", lambda _, __, rows, *___, **____: programmes.append(rows))

    result = repair(event, plan, gone)

    added = sum(d.kind == "added" for d in result.differences)
    assert added == result.refillable_bound > 0
    assert programmes == []


@pytest.mark.parametrize("family", ["wishes", "delegates", "online", "everything"])
def test_the_bound_without_a_solver_is_never_below_the_relaxed_one(family: str) -> None:
    model = Model(small(family))
    board = Board(model)
    first_come(board)
    kept = {w: place for w, place in board.placed.items() if w % 3}

    with Solver() as solver:
        beside = Beside(model, kept, 1)
        relaxed = beside.relaxed(solver)

    later = sum(1 for w, (_, start) in board.placed.items() if w not in kept and start >= 1)
    assert 0 < later <= relaxed <= beside.most


def test_the_picture_is_sound_and_says_what_it_leaves_out() -> None:
    event = small(people=MAX_ROWS + 30, wishes=200, slots=4)
    plan = solve(event, time_limit_s=1)

    picture = draw_plan(event, plan)

    ET.fromstring(picture)  # noqa: S314
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 30} people; 30 are left out here" in picture
    assert "prefers-color-scheme:dark" in picture


@pytest.mark.parametrize(("per_day", "status", "weight"), [(1, "optimal", 1), (0, "optimal", 0)])
def test_a_day_s_limit_counts_a_long_meeting_once(per_day: int, status: str, weight: int) -> None:
    people = (Person("a", max_per_day=per_day), Person("b"))
    event = Event((Slot(), Slot()), (1, 1), people, (Wish("ab", "a", "b", length=2),))

    plan = solve(event, time_limit_s=1)

    assert (plan.status, plan.weight, plan.weight_bound) == (status, weight, weight)
    assert list(check(event, plan)) == []


def test_breaks_close_beside_a_long_meeting_under_a_day_s_limit() -> None:
    people = (Person("a", max_per_day=2), Person("b"), Person("c"))
    wishes = (Wish("ab", "a", "b", length=2), Wish("ac", "a", "c"))
    board = Board(Model(Event((Slot(),) * 4, (1,) * 4, people, wishes)))
    board.put(board.model.options_of[0][0], 0)
    board.put(board.model.options_of[1][0], 3)
    search = BreakSearch(board, 0, set())

    search.run(time.monotonic() + 5, lambda _: False, sweeps=50)
    restore(board, search.placed())

    assert (board.placed[1][1], board.breaks()) == (2, 0)


def test_the_bound_on_breaks_holds_for_other_halls() -> None:
    halls = (Hall("near", (1, 0, 1)), Hall("next", (0, 1, 0)), Hall("far", (0, 0, 0)))
    wishes = (Wish("ab", "a", "b"), Wish("ac", "a", "c"))
    rules = Rules(far_halls=frozenset({("near", "far")}))
    event = Event((Slot(),) * 3, (1, 1, 1), tuple(map(Person, "abc")), wishes, halls=halls, rules=rules)
    model = Model(event)
    near, other = [o.hall for o in model.options].index("near"), model.options_of[1]

    apart = {0: (near, 0), 1: (next(i for i in other if model.options[i].hall == "near"), 2)}
    together = {0: (near, 0), 1: (next(i for i in other if model.options[i].hall == "next"), 1)}

    boards = Board(model), Board(model)
    for board, placed in zip(boards, (apart, together), strict=True):
        restore(board, placed)
    assert [board.breaks() for board in boards] == [1, 0]
    assert breaks_bound(model, apart, float("inf"), best_known=1)[0] == 0


def test_a_kept_meeting_keeps_the_only_interpreter_it_can_have() -> None:
    """A longer meeting that begins before it would take hers, though another could serve that one."""
    slots = (Slot(), Slot())
    people = tuple(Person(name) for name in "abcd")
    wishes = (Wish("kept", "a", "b", pool="q"), Wish("new", "c", "d", pool="p", length=2))
    both, one = Interpreter("x", frozenset({"p", "q"})), Interpreter("y", frozenset({"p"}))
    event = Event(slots, (2, 2), people, wishes, interpreters=(both, one))
    model = Model(event)
    option = {o.wish: i for i, o in enumerate(model.options)}
    placed = {0: (option[0], 1), 1: (option[1], 0)}
    keep = {"kept": PlannedMeeting("kept", 1, 0, "a", "b", pool="q", interpreter="x")}

    meetings, unserved = seat(model, placed, keep)

    assert unserved == ()
    assert {m.wish: m.interpreter for m in meetings} == {"kept": "x", "new": "y"}


def test_a_kept_meeting_lets_go_of_an_interpreter_rather_than_leave_another_without() -> None:
    people = tuple(Person(name) for name in "abcd")
    wishes = (Wish("kept", "a", "b", pool="p"), Wish("new", "c", "d", pool="q"))
    both, one = Interpreter("x", frozenset({"p", "q"})), Interpreter("y", frozenset({"p"}))
    event = Event((Slot(),), (2,), people, wishes, interpreters=(both, one))
    model = Model(event)
    option = {o.wish: i for i, o in enumerate(model.options)}
    keep = {"kept": PlannedMeeting("kept", 0, 0, "a", "b", pool="p", interpreter="x")}

    meetings, unserved = seat(model, {w: (option[w], 0) for w in option}, keep)

    assert unserved == ()
    assert {m.wish: m.interpreter for m in meetings} == {"kept": "y", "new": "x"}
