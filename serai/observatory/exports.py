"""The figures as a table to download."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from serai.core import exports
from serai.core.exports import Column, Export

RULE = "observatory.figures"
LICENCE = "CC-BY-4.0"
"""Under which the figures may be used, as an SPDX identifier: by anybody who names the node they come from."""

_LICENCE = Column("licence", lambda row: LICENCE, RULE)


@dataclass(frozen=True)
class FigureRow:
    """One value: of which indicator, which part, on which day. An empty `value` is suppressed."""

    indicator: str
    name: str
    unit: str
    dimension: str
    member: str
    label: str
    value: int | None
    as_of: str


FIGURES = exports.register(
    Export(
        "figures",
        (
            Column("indicator", lambda row: row.indicator, RULE),
            Column("name", lambda row: row.name, RULE),
            Column("unit", lambda row: row.unit, RULE),
            Column("dimension", lambda row: row.dimension, RULE),
            Column("member", lambda row: row.member, RULE),
            Column("label", lambda row: row.label, RULE),
            Column("value", lambda row: row.value, RULE),
            Column("as_of", lambda row: row.as_of, RULE),
            _LICENCE,
        ),
    )
)


@dataclass(frozen=True)
class TieRow:
    """Two countries, how many records join them, in all and by kind, and the latest day of one."""

    start: str
    end: str
    ties: int
    agreements: int
    projects: int
    facilities: int
    latest: date


TIES = exports.register(
    Export(
        "ties",
        (
            Column("from", lambda row: row.start, RULE),
            Column("to", lambda row: row.end, RULE),
            Column("ties", lambda row: row.ties, RULE),
            Column("agreements", lambda row: row.agreements, RULE),
            Column("projects", lambda row: row.projects, RULE),
            Column("facilities", lambda row: row.facilities, RULE),
            Column("latest", lambda row: row.latest, RULE),
            _LICENCE,
        ),
    )
)


@dataclass(frozen=True)
class ReleasedRow:
    """One frozen value of a release, with how it may be cited."""

    release: str
    as_of: date
    status: str
    indicator: str
    dimension: str
    member: str
    value: Decimal | None
    is_suppressed: bool


RELEASE = exports.register(
    Export(
        "release",
        (
            Column("release", lambda row: row.release, "observatory.releases"),
            Column("as_of", lambda row: row.as_of, "observatory.releases"),
            Column("status", lambda row: row.status, "observatory.releases"),
            Column("indicator", lambda row: row.indicator, "observatory.releases"),
            Column("dimension", lambda row: row.dimension, "observatory.releases"),
            Column("member", lambda row: row.member, "observatory.releases"),
            Column("value", lambda row: row.value, "observatory.releases"),
            Column("is_suppressed", lambda row: row.is_suppressed, "observatory.releases"),
            Column("licence", lambda row: LICENCE, "observatory.releases"),
        ),
    )
)
