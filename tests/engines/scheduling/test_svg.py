"""The pictures: what they call a break, shapes beside colours, curves that are seen."""

from itertools import pairwise
from xml.etree import ElementTree as ET

from serai.engines.scheduling import Event, Person, Plan, PlannedMeeting, Rules, Slot, Wish
from serai.engines.scheduling.fixed import FixedMeeting, FixedProblem
from serai.engines.scheduling.race import FixedPlan
from serai.engines.scheduling.svg import draw_fixed, draw_plan
from serai.engines.scheduling.types import Progress

SVG = "{http://www.w3.org/2000/svg}"


def picture_of(
    *, rules: Rules | None = None, online: bool = False, trace: tuple[Progress, ...] = ()
) -> ET.Element:
    """Two people who meet in the first and the last of four slots."""
    event = Event(
        (Slot(),) * 4,
        (1,) * 4,
        (Person("a"), Person("b")),
        (Wish("first", "a", "b"), Wish("last", "a", "b", online=online)),
        rules=rules or Rules(),
    )
    meetings = (
        PlannedMeeting("first", 0, 0, "a", "b"),
        PlannedMeeting("last", 3, -1 if online else 0, "a", "b"),
    )
    plan = Plan(meetings, 2, 2, 0, 0, "feasible", trace=trace)
    return ET.fromstring(draw_plan(event, plan))  # noqa: S314


def cells(picture: ET.Element, kind: str) -> list[ET.Element]:
    """The cells of people, without the legend's and the bars of tables in use."""
    return [r for r in picture.iter(f"{SVG}rect") if r.get("class") == kind and r.get("height") == "18"]


def words(picture: ET.Element) -> set[str]:
    return {t.text or "" for t in picture.iter(f"{SVG}text")}


def test_idle_slots_are_a_break_only_where_they_count_as_one() -> None:
    at_lunch = picture_of(rules=Rules(lunch_windows=(frozenset({1, 2}),)))
    without = picture_of()

    assert cells(at_lunch, "gap") == []
    assert "break" not in words(at_lunch)
    assert len(cells(without, "gap")) == 4
    assert "break" in words(without)


def test_a_fixed_list_shows_its_breaks() -> None:
    problem = FixedProblem(3, 4, 1, (FixedMeeting(0, 1), FixedMeeting(0, 1)), {}, {})
    plan = FixedPlan(slots=(0, 3), breaks=2, bound=0, status="feasible")

    picture = ET.fromstring(draw_fixed(problem, plan))  # noqa: S314

    assert len(cells(picture, "gap")) == 4


def test_online_meetings_have_another_shape() -> None:
    picture = picture_of(online=True)

    corners = {kind: {r.get("rx") for r in cells(picture, kind)} for kind in ("busy", "online")}
    assert corners["busy"].isdisjoint(corners["online"])
    assert "online" in words(picture)
    assert "online" not in words(picture_of())


def test_a_value_found_last_is_seen() -> None:
    trace = (Progress(0.1, "chosen", 0, 2, 0, 0), Progress(1.0, "done", 2, 2, 0, 0))
    picture = picture_of(trace=trace)

    kinds = [c.get("class") for c in picture.iter(f"{SVG}circle")]
    axis = [t.text for t in picture.iter(f"{SVG}text") if t.get("class") == "small end"]
    assert (kinds.count("dot"), kinds.count("ring")) == (2, 2), "one on each curve"
    # Nothing but zeros still has an axis with two ends.
    assert ("0", "0") not in pairwise(axis)


def test_ids_that_xml_cannot_hold_do_not_break_the_picture() -> None:
    ids = ("a\x00\x08", "b\x1f\ud800<&\ufffe")
    event = Event((Slot(),), (1,), tuple(map(Person, ids)), (Wish("w\x0b", *ids),), name="n\x01")
    plan = Plan((PlannedMeeting("w\x0b", 0, 0, *ids),), 1, 1, 0, 0, "feasible")

    picture = ET.fromstring(draw_plan(event, plan))  # noqa: S314

    assert "a\ufffd\ufffd" in words(picture)
    assert "b\ufffd\ufffd<&\ufffd" in words(picture)
