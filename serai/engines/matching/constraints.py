"""Hard limits of both sides as filters with a stated reason. Never part of a cosine.

A side states `Facts` about itself and `Wishes` about the other. A wish fails only on a known contradiction:
a fact the other side has not stated is `unknown` and passes, and is reported so that people can ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Direction = Literal["offer", "request"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a listing or organisation says about itself. Empty means not stated.

    `places` holds the place and everything it lies in ("DE-BY", "DE", "EU"), `trl` is 1–9, `deadline` the
    last day on which an answer counts, `party` the id of the organisation behind it.
    """

    direction: Direction | None = None
    kind: str = ""
    party: str = ""
    party_kind: str = ""
    places: frozenset[str] = frozenset()
    trl: int | None = None
    languages: frozenset[str] = frozenset()
    deadline: date | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the other side must be. Empty means anything goes. `conflicts` maps a party to the stated
    reason.
    """

    kinds: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    trl: tuple[int, int] | None = None
    party_kinds: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    excluded_parties: frozenset[str] = frozenset()
    conflicts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what it is and what it wants."""

    facts: Facts = Facts()
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Failure:
    """A wish that is not met. `rule` is one of `RULES`, `detail` holds its parameters as codes, `message` says it
    in English.

    `detail["who"]` is whose wish it is, "seeker" or "other"; "wanted" and "found" are codes joined by ", ".
    """

    rule: str
    message: str
    detail: Mapping[str, str]


# Every rule of `failures`, with the parameters of its detail.
RULES: Mapping[str, tuple[str, ...]] = {
    "direction": ("direction",),
    "same_party": (),
    "deadline": ("deadline",),
    "excluded": ("who",),
    "conflict": ("who", "reason"),
    "kind": ("who", "wanted", "found"),
    "place": ("who", "wanted", "found"),
    "partner_kind": ("who", "wanted", "found"),
    "language": ("who", "wanted", "found"),
    "trl": ("who", "wanted", "low", "high", "found"),
}
_WHO = {"seeker": "The seeker", "other": "The other side"}


def _words(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))


def _one_way(seeker: Side, other: Facts, code: str) -> Iterator[Failure]:
    wishes, who = seeker.wishes, _WHO[code]
    if other.party and other.party in wishes.excluded_parties:
        yield Failure("excluded", f"{who} has excluded this organisation.", {"who": code})
    if other.party in wishes.conflicts:
        reason = wishes.conflicts[other.party]
        yield Failure("conflict", f"Conflict of interest: {reason}.", {"who": code, "reason": reason})
    sets = (
        ("kind", wishes.kinds, frozenset({other.kind} - {""}), "kind"),
        ("place", wishes.places, other.places, "place"),
        ("partner_kind", wishes.party_kinds, frozenset({other.party_kind} - {""}), "kind of partner"),
        ("language", wishes.languages, other.languages, "language of work"),
    )
    for rule, wanted, found, name in sets:
        if wanted and found and not wanted & found:
            yield Failure(
                rule,
                f"{who} wants {name} {_words(wanted)}; this is {_words(found)}.",
                {"who": code, "wanted": _words(wanted), "found": _words(found)},
            )
    if wishes.trl and other.trl is not None and not wishes.trl[0] <= other.trl <= wishes.trl[1]:
        low, high = wishes.trl
        yield Failure(
            "trl",
            f"{who} wants readiness level {low} to {high}; this is at {other.trl}.",
            {
                "who": code,
                "wanted": f"{low}–{high}",
                "low": str(low),
                "high": str(high),
                "found": str(other.trl),
            },
        )


def failures(seeker: Side, other: Side, *, today: date | None = None) -> tuple[Failure, ...]:
    """Every hard limit that stands between the two, of either side, in a fixed order; empty when they may
    meet.
    """
    a, b = seeker.facts, other.facts
    found: list[Failure] = []
    if a.direction and a.direction == b.direction:
        found.append(Failure("direction", f"Both are {a.direction}s.", {"direction": a.direction}))
    if a.party and a.party == b.party:
        found.append(Failure("same_party", "Both belong to the same organisation.", {}))
    if today and b.deadline and b.deadline < today:
        found.append(
            Failure(
                "deadline", f"It closed on {b.deadline.isoformat()}.", {"deadline": b.deadline.isoformat()}
            )
        )
    found += _one_way(seeker, b, "seeker")
    found += _one_way(other, a, "other")
    return tuple(found)


def unknowns(seeker: Side, other: Side) -> tuple[str, ...]:
    """The rules the seeker cares about and the other side has not stated a fact for."""
    wishes, facts = seeker.wishes, other.facts
    rules = (
        ("kind", wishes.kinds, facts.kind),
        ("place", wishes.places, facts.places),
        ("trl", wishes.trl, facts.trl),
        ("partner_kind", wishes.party_kinds, facts.party_kind),
        ("language", wishes.languages, facts.languages),
    )
    return tuple(rule for rule, wish, fact in rules if wish and (fact is None or not fact))


def allowed(seeker: Side, others: Mapping[str, Side], *, today: date | None = None) -> frozenset[str]:
    """Ids of `others` no hard limit stands against: what `Index.search(allowed=…)` takes."""
    return frozenset(key for key, side in others.items() if not failures(seeker, side, today=today))
