"""The command line: both formats, exit codes, bad input."""

import json
from pathlib import Path

import pytest

from serai.engines.scheduling import Event, Person, Slot, Wish
from serai.engines.scheduling.__main__ import BAD_INPUT, BROKEN, DONE, IMPOSSIBLE, main
from serai.engines.scheduling.files import read_event, write_event
from serai.engines.scheduling.generate import FAMILIES
from serai.engines.scheduling.rules import continues


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


@pytest.fixture
def wish_list(tmp_path: Path) -> Path:
    path = tmp_path / "event.json"
    run("generate", "everything", "--people", 30, "--wishes", 60, "--slots", 8, "--tables", 6, "--out", path)
    return path


@pytest.fixture
def plan(wish_list: Path, tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    run("solve", wish_list, "--out", path, "--time-limit", 1, "--quiet")
    return path


def test_a_wish_list_is_solved_checked_and_drawn(wish_list: Path, tmp_path: Path) -> None:
    plan, picture = tmp_path / "plan.json", tmp_path / "plan.svg"

    code = run("solve", wish_list, "--out", plan, "--time-limit", 1, "--quiet", "--svg", picture)

    data = json.loads(plan.read_text())
    assert code == DONE
    assert run("check", wish_list, plan) == DONE
    assert data["weight"] <= data["weight_bound"]
    assert data["breaks"] >= data["breaks_bound"]
    assert all(len(m) == 3 for m in data["meetings"])
    assert picture.read_text().startswith("<svg ")


def test_a_fixed_list_is_solved_and_checked(tmp_path: Path) -> None:
    problem, plan = tmp_path / "list.json", tmp_path / "plan.json"
    run("generate", "fixed", "--people", 12, "--wishes", 20, "--slots", 6, "--tables", 4, "--out", problem)

    code = run("solve", problem, "--out", plan, "--time-limit", 60, "--svg", tmp_path / "plan.svg", "--quiet")

    data = json.loads(plan.read_text())
    assert code == DONE
    assert data["status"] == "optimal"
    assert data["breaks"] == data["bound"]
    assert run("check", problem, plan) == DONE
    assert run("explain", problem, plan) == DONE


def test_an_impossible_list_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = tmp_path / "list.json"
    meetings = [{"id": 0, "a": 0, "b": 1}, {"id": 1, "a": 0, "b": 2}]
    problem.write_text(
        json.dumps({"participants": 3, "slots": 1, "tables": 2, "meetings": meetings, "format": "b2bsp-1"})
    )

    code = run("solve", problem, "--out", tmp_path / "plan.json", "--quiet")

    assert code == IMPOSSIBLE
    assert capsys.readouterr().err == "Meetings: meeting 0 (0 with 1), meeting 1 (0 with 2).\n"


def test_a_broken_plan_is_named(wish_list: Path, plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(plan.read_text())
    data["meetings"].append(data["meetings"][0])
    plan.write_text(json.dumps(data))

    code = run("check", wish_list, plan)

    assert code == BROKEN
    assert f"wish {data['meetings'][0][0]}: granted 2 times" in capsys.readouterr().out


def test_a_repair_is_valid_in_the_event_it_writes(wish_list: Path, plan: Path, tmp_path: Path) -> None:
    changes, repaired, event = (tmp_path / name for name in ("changes.json", "repaired.json", "after.json"))
    changes.write_text(json.dumps({"cancelled": [3], "now": 2, "late_wishes": [[1, 2, 5]]}))

    code = run("repair", wish_list, plan, "--changes", changes, "--out", repaired)

    event.write_text(json.dumps(json.loads(repaired.read_text())["instance"]))
    assert code == DONE
    assert run("check", event, repaired) == DONE


def test_prices_and_reasons_are_told(wish_list: Path, plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("what-if", wish_list, plan, "--tables", 2) == DONE
    assert capsys.readouterr().out.startswith("2 more tables: ")
    assert run("explain", wish_list, plan) == DONE


def make_list(**changes: object) -> str:
    """Two people, two slots, one table, one wish."""
    plain = {"format": "b2b-wishes-1", "participants": 2, "slots": 2, "tables": 1, "wishes": [[0, 1, 1]]}
    return json.dumps(plain | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"participants": 0, "wishes": []},
        {"tables": 0},
        {"wishes": []},
        {"slots": 1},
        {"wishes": [[0, 1, 1]] * 3},
    ],
)
def test_the_smallest_events_are_solved(changes: dict[str, object], tmp_path: Path) -> None:
    event, plan = tmp_path / "event.json", tmp_path / "plan.json"
    event.write_text(make_list(**changes))

    code = run("solve", event, "--out", plan, "--time-limit", 0.1, "--quiet")

    assert code == DONE
    assert run("check", event, plan) == DONE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1: Expecting property name enclosed in double quotes"),
        ("[]", "the file must hold one JSON object"),
        ('{"format": "b2b-wishes-1"}', "participants: is missing"),
        ('{"format": "x"}', "format: 'x' is neither b2bsp-1 nor b2b-wishes-1"),
        (
            '{"format": "b2b-wishes-1", "participants": 2, "slots": 2, "tables": 1, "wishes": [[0, 5, 1]]}',
            "wishes: 0 names 5, who does not take part",
        ),
        (
            '{"format": "b2b-wishes-1", "participants": 99999999, "slots": 2, "tables": 1, "wishes": []}',
            "participants: 99999999 is more than the limit of 20000",
        ),
        (
            '{"format": "b2b-wishes-1", "participants": 2, "slots": 2, "tables": 1, "wishes": [], "rules": {"x": 1}}',
            "rules: 'x' is not known",
        ),
        (make_list(wishes=[[0, 1, float("nan")]]), "wishes: 0: [0, 1, nan] is not [a, b, weight]"),
        (make_list(wishes=[[0, 1, -1]]), "wishes: 0: weight: -1 is not a whole number from 0"),
        (make_list(wishes=[[0, 0, 1]]), "wishes: 0 is between 0 and themselves"),
        (make_list(wishes=[{"a": 0, "b": 1, "wieght": 2}]), "wishes: 0: 'wieght' is not known"),
        (make_list(wishes=[{"a": 0, "b": 1, "must": 1}]), "wishes: 0: must: 1 is neither true nor false"),
        (make_list(wishes=[[0, 1, 1]] * 200_001), "wishes: 200001 is more than the limit of 200000"),
        (make_list(slots=0), "slots: 0 is not a whole number from 1"),
        (make_list(tables="many"), "tables: 'many' is not a whole number from 0"),
        (make_list(forbidden={"7": [0]}), "forbidden: '7' is not a participant 0..1"),
        (make_list(forbidden={"0": [2]}), "forbidden: 0: 2 is not a slot 0..1"),
        (make_list(people=[{"id": 0, "max_meetings": 10**30}]), "people: 0: max_meetings: 1000000"),
        (make_list(interpreters=[{"id": "i", "pools": None}]), "interpreters: pools: must be a list"),
        (make_list(rules={"no_thanks": [["0", "9"]]}), "rules: no_thanks: 9 does not take part"),
        (make_list(rules={"guarantee_count": 99}), "rules: guarantee_count 99 is not within 0..10"),
        (make_list(people=[{"id": 0}, {"id": 0}]), "people: 0 is there twice"),
        (make_list(forbidden={"0": [0], "00": [1]}), "forbidden: '00' is not a participant 0..1"),
        (make_list(sessions={"am": [0, 2], "pm": [1, 2]}), "sessions: 'am' and 'pm' share slots"),
        (make_list(name="\u202egnp.exe"), "name: '\\u202egnp.exe' holds characters that cannot be shown"),
        (make_list(halls=[{"id": "n\x1b[2J", "tables": 1}]), "halls: id: 'n\\x1b[2J' holds characters"),
        ('{"format": "b2b-wishes-1", "slots": 2, "slots": 3}', "'slots': is there twice in one object"),
        (
            '{"format": "b2bsp-1", "participants": 2, "slots": 1, "tables": 1, "meetings": [], "name": "\\ud800"}',
            "name: '\\ud800' holds characters that cannot be shown",
        ),
    ],
)
def test_bad_input_names_the_key(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)

    code = run("solve", path)

    assert code == BAD_INPUT
    assert words in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("solve", tmp_path / "nowhere.json") == BAD_INPUT
    assert "nowhere.json" in capsys.readouterr().err


def test_a_byte_order_mark_is_read_and_endless_digits_are_named(
    wish_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marked, endless = tmp_path / "marked.json", tmp_path / "endless.json"
    marked.write_bytes(b"\xef\xbb\xbf" + wish_list.read_bytes())
    endless.write_text('{"slots": ' + "9" * 6000 + "}", encoding="utf-8")

    assert run("solve", marked, "--out", tmp_path / "plan.json", "--time-limit", 1) == DONE
    assert run("solve", endless) == BAD_INPUT
    assert "too many digits" in capsys.readouterr().err


def test_a_seed_below_zero_is_refused(wish_list: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        run("solve", wish_list, "--seed=-1")
    assert refused.value.code == BAD_INPUT
    assert "--seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workers=99999999",), "--workers: '99999999' is not a whole number from 1 to 64"),
        (("--workers=two",), "--workers: 'two' is not a whole number from 1 to 64"),
        (("--time-limit=nan",), "--time-limit: 'nan' is not a number of seconds above 0 and at most 86400"),
        (("--time-limit=soon",), "--time-limit: 'soon' is not a number of seconds above 0 and at most 86400"),
        (("--seed=" + "9" * 30,), "is not a whole number from 0 to 4294967295"),
    ],
)
def test_an_option_beyond_its_limits_is_refused_with_them(
    arguments: tuple[str, ...], words: str, wish_list: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        run("solve", wish_list, *arguments)

    assert refused.value.code == BAD_INPUT
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("share", ["nan", "-1", "1.1", "inf", "half"])
def test_a_share_of_absent_people_lies_within_0_and_1(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("generate", "wishes", f"--absent={share}")

    assert f"--absent: {share!r} is not a share from 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize("family", [*FAMILIES, "fixed"])
@pytest.mark.parametrize("sizes", [(2, 1, 1), (3, 2, 2), (40, 20, 61), (10**9, 10, 10), (10, 10**9, 10)])
def test_a_generated_event_can_be_read_or_is_refused_at_once(
    family: str, sizes: tuple[int, int, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, empty = tmp_path / "event.json", tmp_path / "plan.json"
    people, wishes, slots = sizes
    empty.write_text('{"meetings": [], "slots": [], "weight": 0, "weight_bound": 0, "breaks": 0}')

    try:
        code = run(
            "generate", family, "--people", people, "--wishes", wishes, "--slots", slots, "--out", path
        )
    except SystemExit as refused:
        code = int(str(refused.code))

    assert code in (DONE, BAD_INPUT)
    if code == DONE:
        assert run("check", path, empty) in (DONE, BROKEN)
    else:
        assert "error: " in capsys.readouterr().err


def test_as_many_wishes_are_generated_as_were_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "event.json"

    assert run("generate", "wishes", "--people", 10, "--wishes", 45, "--slots", 9, "--out", path) == DONE

    assert len({tuple(sorted(w[:2])) for w in json.loads(path.read_text())["wishes"]}) == 45


def test_false_claims_about_a_fixed_list_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem, plan = tmp_path / "list.json", tmp_path / "plan.json"
    meetings = [{"id": 0, "a": 0, "b": 1}, {"id": 1, "a": 0, "b": 2}]
    problem.write_text(
        json.dumps({"format": "b2bsp-1", "participants": 3, "slots": 3, "tables": 1, "meetings": meetings})
    )
    for claims, words in (
        ({"breaks": 0}, "the plan says 0 breaks, its meetings have 1"),
        ({"breaks": 1, "bound": 2}, "the plan's 1 breaks are below their bound 2"),
        ({"breaks": 1, "bound": 0, "status": "optimal"}, "calls itself optimal with 1 breaks of at least 0"),
        ({"breaks": 1, "status": "infeasible"}, "calls itself infeasible, and its schedule keeps every rule"),
    ):
        plan.write_text(json.dumps({"slots": [0, 2], **claims}))

        assert run("check", problem, plan) == BROKEN
        assert words in capsys.readouterr().out

    plan.write_text('{"slots": [0, 2], "breaks": 1, "bound": 0, "status": "feasible"}')
    assert run("check", problem, plan) == DONE


def test_a_link_is_written_through_and_a_folder_is_refused_before_the_work(
    wish_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    link.symlink_to(target)

    assert run("generate", "wishes", "--people", 10, "--wishes", 9, "--out", link) == DONE
    assert link.is_symlink()
    assert "wishes" in target.read_text()
    assert run("solve", wish_list, "--out", tmp_path) == BAD_INPUT
    assert run("solve", wish_list, "--out", tmp_path / "nowhere" / "plan.json") == BAD_INPUT
    assert capsys.readouterr().err.count("is no file in a folder that exists") == 2


def test_a_key_nobody_reads_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event, plan = tmp_path / "event.json", tmp_path / "plan.json"
    event.write_text(make_list(forbiden={"0": [0]}))
    plan.write_text('{"meetings": [], "weight": 0, "weight_bound": 0, "breaks": 0}')

    assert run("check", event, plan) == DONE
    assert "note: event.json: 'forbiden' is no key of this format" in capsys.readouterr().err


def test_a_plan_with_a_meeting_outside_the_event_is_not_repaired(
    wish_list: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, changes = json.loads(plan.read_text()), tmp_path / "changes.json"
    data["meetings"][0][1] = -1
    plan.write_text(json.dumps(data))
    changes.write_text("{}")

    assert run("repair", wish_list, plan, "--changes", changes) == BAD_INPUT
    assert "is in slot -1; slots are 0..7" in capsys.readouterr().err


@pytest.mark.parametrize("more", ["zh-pl=1000000000", "zh-pl=x", "=1", "zh-pl"])
def test_more_interpreters_than_can_be_are_refused(
    more: str, wish_list: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("what-if", wish_list, f"--pool={more}") == BAD_INPUT
    assert capsys.readouterr().err.startswith("error: pool: ")


def test_sessions_of_one_name_on_two_days_are_written_apart() -> None:
    slots = tuple(Slot(day, session) for day in (0, 1) for session in ("am", "am", "pm", "pm"))
    event = Event(slots, (1,) * 8, (Person("0"), Person("1")), (Wish("0", "0", "1"),))

    again = read_event(write_event(event))

    assert [s.day for s in again.slots] == [s.day for s in slots]
    assert [continues(again, t) for t in range(8)] == [continues(event, t) for t in range(8)]
    assert write_event(again) == write_event(event)
