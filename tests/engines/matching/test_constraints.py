from datetime import date

import pytest

from serai.engines.matching import Facts, Side, Wishes, allowed, failures, unknowns
from serai.engines.matching.constraints import RULES

OFFER = Facts(
    direction="offer",
    kind="technology",
    party="b",
    party_kind="sme",
    places=frozenset({"PL", "EU"}),
    trl=4,
    languages=frozenset({"pl", "en"}),
    deadline=date(2026, 5, 1),
)
REQUEST = Facts(direction="request", party="a")


@pytest.mark.parametrize(
    ("rule", "wishes"),
    [
        ("kind", Wishes(kinds=frozenset({"investment"}))),
        ("place", Wishes(places=frozenset({"JP"}))),
        ("trl", Wishes(trl=(6, 9))),
        ("partner_kind", Wishes(party_kinds=frozenset({"university"}))),
        ("language", Wishes(languages=frozenset({"th"}))),
        ("excluded", Wishes(excluded_parties=frozenset({"b"}))),
        ("conflict", Wishes(conflicts={"b": "they share a director"})),
    ],
)
def test_each_wish_fails_with_its_rule_in_both_directions(rule: str, wishes: Wishes) -> None:
    seeker, other = Side(REQUEST, wishes), Side(OFFER)

    assert [f.rule for f in failures(seeker, other)] == [rule]
    assert [f.rule for f in failures(other, seeker)] == [rule]


def test_what_fits_has_no_failure() -> None:
    wishes = Wishes(
        kinds=frozenset({"technology"}), places=frozenset({"EU"}), trl=(3, 5), languages=frozenset({"en"})
    )

    assert failures(Side(REQUEST, wishes), Side(OFFER), today=date(2026, 5, 1)) == ()


def test_unstated_fact_passes_and_is_named() -> None:
    seeker = Side(REQUEST, Wishes(trl=(6, 9), places=frozenset({"EU"})))
    silent = Side(Facts(direction="offer", party="c"))

    assert failures(seeker, silent) == ()
    assert unknowns(seeker, silent) == ("place", "trl")


def test_same_direction_same_party_and_closed_listing_never_meet() -> None:
    a = Side(Facts(direction="offer", party="b"))

    rules = [f.rule for f in failures(a, Side(OFFER), today=date(2026, 5, 2))]

    assert rules == ["direction", "same_party", "deadline"]


def test_reason_is_said_in_words() -> None:
    (failure,) = failures(Side(REQUEST, Wishes(trl=(6, 9))), Side(OFFER))

    assert failure.message == "The seeker wants readiness level 6 to 9; this is at 4."
    assert failure.detail == {"who": "seeker", "wanted": "6–9", "low": "6", "high": "9", "found": "4"}


def test_allowed_ids_are_those_without_a_failure() -> None:
    others = {"x": Side(OFFER), "y": Side(Facts(direction="offer", party="d", trl=7))}

    assert allowed(Side(REQUEST, Wishes(trl=(6, 9))), others) == {"y"}


def test_every_failure_has_a_known_code_and_exactly_its_parameters() -> None:
    everything = Wishes(
        kinds=frozenset({"investment"}),
        places=frozenset({"JP"}),
        trl=(6, 9),
        party_kinds=frozenset({"university"}),
        languages=frozenset({"th"}),
        excluded_parties=frozenset({"b", "a"}),
        conflicts={"b": "they share a director"},
    )
    found = failures(Side(REQUEST, everything), Side(OFFER), today=date(2100, 1, 1))
    found += failures(Side(REQUEST), Side(REQUEST))

    assert {f.rule for f in found} == set(RULES)
    for failure in found:
        assert set(failure.detail) == set(RULES[failure.rule]), failure.rule
        assert failure.detail.get("who", "seeker") in {"seeker", "other"}
