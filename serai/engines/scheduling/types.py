"""What the scheduling engine takes and returns: frozen, hashable by id, free of any framework.

Slots are numbered 0..n-1 in time order. Identifiers are strings chosen by the caller. Weights are
whole numbers from 1; higher is better. Every dataclass can be pickled and sent to a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ENGINE_VERSION = "1"

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
Level = Literal["must", "guarantee", "weight", "fairness", "breaks"]

DEFAULT_OBJECTIVE: tuple[Level, ...] = ("must", "guarantee", "weight", "fairness", "breaks")

# Refused early, with the limit in the message: beyond these the engine would not answer in useful time.
MAX_PEOPLE = 20_000
MAX_WISHES = 200_000
MAX_SLOTS = 400
MAX_SLOTS_PER_DAY = 60
MAX_TABLES = 10_000
MAX_WEIGHT = 1_000_000
MAX_GUARANTEE_COUNT = 10


class InvalidEventError(ValueError):
    """The input breaks its own rules; the message names the key or the id."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of the grid. Neighbouring slots of the same day follow each other without a gap."""

    day: int = 0
    session: str = ""


@dataclass(frozen=True, slots=True)
class Hall:
    """A part of the venue; `tables[t]` of the event's tables stand here in slot t."""

    id: str
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """A scarce helper counted, not named: at most `capacity[t]` meetings need it in slot t."""

    id: str
    capacity: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A named interpreter, who serves one meeting per slot for any of her `pools` (language pairs)."""

    id: str
    pools: frozenset[str]
    open_slots: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A participant. `open_slots=None` means every slot; `max_meetings=None` means no limit of her own."""

    id: str
    open_slots: frozenset[int] | None = None
    max_meetings: int | None = None
    min_meetings: int = 0
    max_per_day: int | None = None
    max_in_row: int | None = None
    organisation: str = ""
    booth: str | None = None
    """The hall of her own booth: her meetings take place there and use no shared table."""
    online: bool = False
    """Takes part from elsewhere: her meetings use an online room instead of a table."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """At most `max_parallel` of its delegates meet at the same time, at most `max_meetings` in all.

    A wish may name the organisation instead of a person: then any of its delegates can take the meeting.
    """

    id: str
    max_parallel: int | None = None
    max_meetings: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A meeting somebody asks for between `a` and `b`, each a person or an organisation."""

    id: str
    a: str
    b: str
    weight: int = 1
    must: bool = False
    pool: str | None = None
    """The interpreters needed, by language pair."""
    online: bool = False
    length: int = 1
    """How many neighbouring slots of one session the meeting takes: 1, 2 or 3."""
    slots: frozenset[int] | None = None
    """The slots in which it may begin (a session, a fixed slot); None means every slot."""


@dataclass(frozen=True, slots=True)
class Rules:
    max_in_row: int | None = None
    """Meetings without a free slot between them, for everybody; a person's own limit wins."""
    lunch_is_gap: bool = False
    """Whether leaving one session and coming back for the next one of the same day is a break."""
    lunch_windows: tuple[frozenset[int], ...] = ()
    """In each window everybody keeps one slot free; an idle stretch inside it is no break."""
    online_rooms: tuple[int, ...] | None = None
    """Online meetings possible per slot; None means no limit."""
    far_halls: frozenset[tuple[str, str]] = frozenset()
    """Pairs of halls too far apart to walk between two neighbouring slots."""
    no_thanks: frozenset[tuple[str, str]] = frozenset()
    """Pairs of people or organisations that never meet."""
    fairness_cost: float = 0.0
    """Share of the granted weight that may be given up so that more people get their first wishes."""
    guarantee_count: int = 3
    """Up to which meeting of a person fairness looks: first wishes before second, second before third."""


@dataclass(frozen=True, slots=True)
class Event:
    """Everything the engine knows. `tables_per_slot[t]` is the number of tables in slot t."""

    slots: tuple[Slot, ...]
    tables_per_slot: tuple[int, ...]
    people: tuple[Person, ...]
    wishes: tuple[Wish, ...]
    pools: tuple[Pool, ...] = ()
    interpreters: tuple[Interpreter, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    halls: tuple[Hall, ...] = ()
    rules: Rules = Rules()
    name: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMeeting:
    """A granted wish. `table` is -1 online and at a booth; `a` and `b` are the people who meet."""

    wish: str
    slot: int
    table: int
    a: str
    b: str
    pool: str | None = None
    interpreter: str | None = None
    hall: str | None = None
    length: int = 1

    @property
    def slots(self) -> range:
        return range(self.slot, self.slot + self.length)


Kind = Literal[
    "no_thanks",
    "absent",
    "no_common_slot",
    "person_full",
    "organisation_full",
    "tables_full",
    "interpreters_full",
    "rooms_full",
    "rules",
    "outweighed",
    "several",
    "search",
]
"""Why a wish is unmet; "several": not the same in every slot both have free, the text says which."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a wish is unmet. `kind` is for machines, `text` for readers."""

    wish: str
    kind: Kind
    text: str
    people: tuple[str, ...] = ()
    slots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the search stands, reported whenever the best value or its bound changes."""

    seconds: float
    stage: str
    weight: int
    weight_bound: int
    breaks: int
    breaks_bound: int


ProgressCallback = Callable[[Progress], bool | None]
"""Called with every improvement; returning True stops the search with the best plan so far."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule with what is proved about it.

    `weight <= weight_bound` and `breaks >= breaks_bound`, both bounds proved. `breaks_bound` holds for
    the chosen wishes between the people of `meetings` (another delegate may have a day with fewer breaks):
    no schedule of these in other slots, tables or halls has fewer. `status` is "optimal" when weight
    meets its bound and breaks meet theirs, "infeasible" when the musts or guarantees cannot all hold:
    `conflict` then names a smallest set of rules in words, and the meetings are the best that was found.
    """

    meetings: tuple[PlannedMeeting, ...]
    weight: int
    weight_bound: int
    breaks: int
    breaks_bound: int
    status: Status
    proof: str = ""
    reasons: tuple[Reason, ...] = ()
    conflict: tuple[str, ...] = ()
    seconds: float = 0.0
    engine: Mapping[str, Any] = field(default_factory=dict)
    trace: tuple[Progress, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since the plan was made. Meetings before slot `now` have taken place."""

    cancelled: frozenset[str] = frozenset()
    """People who do not come (any more): their meetings from `now` on are lost."""
    withdrawn: frozenset[str] = frozenset()
    """Wishes taken back."""
    late_wishes: tuple[Wish, ...] = ()
    late_people: tuple[Person, ...] = ()
    lost_tables: Mapping[int, int] = field(default_factory=dict)
    """Slot to number of tables lost in it."""
    now: int = 0
    confirmed: frozenset[str] = frozenset()
    """Wishes whose meetings both sides confirmed: they are moved only if the budget allows it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a repair may cost. `moves` counts meetings of the plan that change slot, for whatever cause."""

    moves: int = 0
    move_confirmed: bool = False
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed, to be told to `people`."""

    kind: Literal["lost", "moved", "added", "table"]
    wish: str
    people: tuple[str, ...]
    before: PlannedMeeting | None
    after: PlannedMeeting | None


@dataclass(frozen=True, slots=True)
class Repair:
    """The repaired plan.

    `refill`: per slot in which a meeting was lost, the wishes that could begin there beside the meetings
    kept, each on its own, the heaviest first. The plan grants some of them; the others are for choosing.
    """

    event: Event
    plan: Plan
    differences: tuple[Difference, ...]
    told: Mapping[str, int]
    """Person to number of her meetings that are lost, moved or added."""
    refill: Mapping[int, tuple[str, ...]]
    refillable_bound: int
    """Proved upper bound on the meetings that can be added beside those kept."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a change of the event is worth: proved upper bounds before and after, and `text` for readers."""

    change: str
    meetings_bound_before: int
    meetings_bound_after: int
    weight_bound_before: int
    weight_bound_after: int
    text: str
