"""The shapes that pages hand to the components of `core/templates/components/`.

Views and queries build these; templates only print them. Every field is plain text, a number, a
date or another shape: no markup, no models. `docs/interface.md` shows each with an example.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Tone = Literal["quiet", "active", "done", "waiting", "stopped"]
"""quiet (slate), active: under way (lapis), done or agreed (jade), waiting: yours to do (saffron), stopped
(madder): the words of `core.lifecycle`, so that a status looks the same everywhere."""

Text = object
"""Text to show: a string or a lazy translation."""


@dataclass(frozen=True)
class Action:
    """A link (`method="get"`) or a one-button form (`method="post"`).

    `confirm` is the question asked first; `fields` are sent along as hidden inputs.
    """

    label: Text
    url: str
    icon: str = ""
    method: Literal["get", "post"] = "get"
    danger: bool = False
    confirm: Text = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chip:
    """A person, an organisation or a place by name. `lang` is the language of the name, if known."""

    name: Text
    url: str = ""
    kind: Literal["organisation", "person", "place", "event", "node"] = "organisation"
    place: Text = ""
    lang: str = ""
    verified: bool = False


@dataclass(frozen=True)
class Fact:
    """One line of a fact list. A `chip` is shown in place of the value."""

    label: Text
    value: Text = ""
    url: str = ""
    chip: Chip | None = None
    lang: str = ""


@dataclass(frozen=True)
class Token:
    """A tag; with `url` a link, with `remove_url` a filter that can be taken away."""

    label: Text
    url: str = ""
    remove_url: str = ""
    lang: str = ""


@dataclass(frozen=True)
class Row:
    """One result: what it is, whose, where, in which language, how fresh, and why it is here.

    `language` is a BCP 47 code (shown by name) and `lang` that of the shown title; `snippet` is a plain
    sentence of the text; `value` makes the row selectable for bulk actions.
    """

    title: Text
    url: str
    lang: str = ""
    kind: Text = ""
    icon: str = ""
    who: Chip | None = None
    place: Text = ""
    language: str = ""
    when: date | datetime | None = None
    snippet: Text = ""
    why: Text = ""
    status: Text = ""
    status_tone: Tone = "quiet"
    due: date | None = None
    due_label: Text = ""
    origin: str = ""
    tier: str = ""
    tokens: Sequence[Token] = ()
    value: str = ""


@dataclass(frozen=True)
class Option:
    """One choice of a filter word; `count` is how many rows it would leave (already capped)."""

    value: str
    label: Text
    count: int | None = None


@dataclass(frozen=True)
class Filter:
    """One word of the filter sentence: a GET parameter with its choices.

    `before` and `after` are the plain words around it ("in", "from"). `value` is the chosen value, or
    a sequence of them when `multiple`.
    """

    name: str
    label: Text
    options: Sequence[Option]
    value: str | Sequence[str] = ""
    before: Text = ""
    after: Text = ""
    multiple: bool = False
    any_label: Text = ""


@dataclass(frozen=True)
class Stop:
    """A stop of the chain or of any route: what it is, what stands there, and whether it is reached.

    `here` is the record being looked at, `done` exists and is linked, `open` can be begun now (its
    `url` begins it), `ahead` is not there yet.
    """

    kind: Text
    state: Literal["done", "here", "open", "ahead"] = "ahead"
    title: Text = ""
    url: str = ""
    note: Text = ""
    lang: str = ""
    more: int = 0


@dataclass(frozen=True)
class Passage:
    """A piece of a text in order. Passages of both sides with the same `pair` are joined by a line."""

    text: str
    pair: str = ""


@dataclass(frozen=True)
class Side:
    """One column of a match: whose text, in which language, in passages; `title_pair` joins the title itself.

    `title_lang` is the language of the title where it is not that of the text.
    """

    title: Text
    passages: Sequence[Passage]
    lang: str = ""
    url: str = ""
    who: Chip | None = None
    kind: Text = ""
    origin: str = ""
    original_url: str = ""
    title_pair: str = ""
    title_lang: str = ""


@dataclass(frozen=True)
class Check:
    """A condition: met, not met (with the reason) or unknown (None)."""

    label: Text
    met: bool | None
    reason: Text = ""


@dataclass(frozen=True)
class Match:
    """Two texts side by side with what joins them and what keeps them apart."""

    mine: Side
    theirs: Side
    checks: Sequence[Check] = ()
    terms: Sequence[Token] = ()
    why_not_higher: Sequence[Text] = ()
    strength: Text = ""


@dataclass(frozen=True)
class Figure:
    """A large number with its definition one tap away and the records behind it one click away.

    `url` is the page with its parts; the label leads there.
    """

    label: Text
    value: Text
    unit: Text = ""
    definition: Text = ""
    source: Text = ""
    records_url: str = ""
    records_label: Text = ""
    change: Text = ""
    series: Sequence[float] = ()
    url: str = ""


@dataclass(frozen=True)
class Tab:
    label: Text
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Entry:
    """One line of a history: when, who, what, in words."""

    when: date | datetime
    text: Text
    who: Chip | None = None
    icon: str = ""
    tone: Tone = "quiet"
    url: str = ""
    detail: Text = ""


@dataclass(frozen=True)
class Cell:
    """What stands in one slot of a schedule row; an empty `title` is a free slot.

    `people` (name, key) are printed in place of the title, each with the colour of its key, so that one
    person is found again across the schedule. What can be moved by hand says so with `is_movable`.
    """

    title: Text = ""
    detail: Text = ""
    url: str = ""
    tone: Tone | Literal[""] = ""
    icon: str = ""
    people: Sequence[tuple[str, str]] = ()
    is_movable: bool = False


@dataclass(frozen=True)
class GridRow:
    """A table, room or person of the schedule with one cell for each slot, in order."""

    name: Text
    cells: Sequence[Cell | None]
    note: Text = ""
    key: str = ""


@dataclass(frozen=True)
class Grid:
    """Time across, tables down. `slots` are the printed times; every row has as many cells.

    `keys` of the slots and `key` of the rows name the places for what is dragged there.
    """

    caption: Text
    slots: Sequence[Text]
    rows: Sequence[GridRow]
    corner: Text = ""
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class Meeting:
    """A meeting of "my day". `start` and `end` are aware and already in the zone to be shown."""

    start: datetime
    end: datetime
    who: Sequence[Chip]
    where: Text
    where_url: str = ""
    languages: Sequence[str] = ()
    interpreter: Text = ""
    why: Text = ""
    url: str = ""
    calendar_url: str = ""
    zone: Text = ""
    status: Text = ""
    status_tone: Tone = "quiet"


@dataclass(frozen=True)
class Column:
    """`sort_url` makes the heading a link; `sorted` is the order the table stands in now."""

    label: Text
    numeric: bool = False
    sort_url: str = ""
    sorted: Literal["", "ascending", "descending"] = ""


@dataclass(frozen=True)
class Value:
    """A table cell: text, a link, a chip or a status."""

    text: Text = ""
    url: str = ""
    lang: str = ""
    chip: Chip | None = None
    tone: Tone | Literal[""] = ""


@dataclass(frozen=True)
class Table:
    """Columns and rows of cells (text, numbers or `Value`); the first cell of a row names it."""

    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value | Text]]
    sticky: bool = False


@dataclass(frozen=True)
class Series:
    name: Text
    values: Sequence[float | None]


@dataclass(frozen=True)
class Chart:
    """Values by category, drawn as lines (over time), bars (ranking or parts) or rows of bars.

    Every series has one value for each category. The table beside the chart is made from the same data.
    """

    title: Text
    categories: Sequence[Text]
    series: Sequence[Series]
    kind: Literal["bar", "row", "line", "stack"] = "bar"
    unit: Text = ""
    category_label: Text = ""
    note: Text = ""
    download_url: str = ""
    links: Sequence[str] = ()


@dataclass(frozen=True)
class MapCountry:
    """`code` is ISO 3166-1 alpha-2; a `value` of None leaves the country unshaded."""

    code: str
    name: Text
    value: float | None = None
    url: str = ""


@dataclass(frozen=True)
class MapArc:
    """Cooperation between two countries (alpha-2 codes); `value` decides the width of the arc."""

    start: str
    end: str
    value: float
    label: Text = ""
    url: str = ""


@dataclass(frozen=True)
class WorldMap:
    """A world map of shaded countries and arcs, with the same facts as a table beside it."""

    title: Text
    countries: Sequence[MapCountry]
    arcs: Sequence[MapArc] = ()
    value_label: Text = ""
    note: Text = ""
    download_url: str = ""


@dataclass(frozen=True)
class Progress:
    """A job under way. `poll_url` answers with the component again until the job ends."""

    label: Text
    done: int = 0
    total: int = 0
    state: Literal["waiting", "running", "done", "failed", "stopped"] = "running"
    message: Text = ""
    poll_url: str = ""
    result_url: str = ""
    result_label: Text = ""
    cancel_url: str = ""
    key: str = "job"
