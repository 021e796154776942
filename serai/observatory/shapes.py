"""Figures, charts and the map as the shapes that the components print."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from serai.core import kinds, ui
from serai.core.words import on_day
from serai.directory.places import sort_order
from serai.observatory import indicators, queries
from serai.observatory.exports import FigureRow
from serai.observatory.indicators import DIMENSIONS, YEAR, Indicator, Words
from serai.observatory.lines import Line

MOST_BARS = 25
MOST_PARTNERS = 4


def figure(indicator: Indicator, as_of: date, *, series: bool = True) -> ui.Figure:
    """The large figure, with its course and the way to its parts unless `series` is off (on that very page).

    A figure that may not be shown says so instead of a number.
    """
    value = queries.value(indicator, as_of)
    years = queries.by_year(indicator, as_of)[-12:] if series else []
    shown = [float(cell.value) for cell in years if cell.value is not None]
    return ui.Figure(
        indicator.name,
        value if value is not None else _("fewer than 5"),
        definition=f"{indicator.definition} {indicator.rule}",
        source=indicator.source,
        records_url=records_url(indicator, {}) if indicator.is_open and value else "",
        records_label=ngettext("Show the record", "Show the records", value or 0),
        series=shown if len(shown) == len(years) else (),
        url=reverse("indicator_detail", args=[indicator.code]) if series else "",
    )


def records_url(indicator: Indicator, chosen: Mapping[str, str]) -> str:
    url = reverse("indicator_records", args=[indicator.code])
    return f"{url}?{urlencode(chosen)}" if chosen else url


def chart(indicator: Indicator, dimension: str, as_of: date) -> ui.Chart | None:
    """One breakdown; nothing when there is nothing to show."""
    cells = queries.parts(indicator, dimension, as_of)
    if not cells:
        return None
    shown = cells if dimension == YEAR else cells[:MOST_BARS]
    names = queries.labels(indicator, dimension, [cell.member for cell in shown])
    hidden = any(cell.value is None for cell in shown)
    links = [records_url(indicator, {dimension: cell.member}) for cell in shown] if indicator.is_open else []
    return ui.Chart(
        DIMENSIONS[dimension],
        categories=[names.get(cell.member, cell.member) for cell in shown],
        series=[ui.Series(indicator.unit, [cell.value for cell in shown])],
        kind=("line" if indicator.is_stock else "bar") if dimension == YEAR else "row",
        unit=indicator.unit,
        category_label=DIMENSIONS[dimension],
        note=_notes(indicator, dimension, hidden, len(cells) - len(shown)),
        download_url=reverse("indicator_export", args=[indicator.code, "csv"]),
        links=links,
    )


def _notes(indicator: Indicator, dimension: str, hidden: bool, left: int) -> str:
    notes = []
    if dimension == YEAR:
        notes.append(
            _("What existed at the end of each year; this year: today.")
            if indicator.is_stock
            else _("What happened in each year; this year: until today.")
        )
    if hidden:
        notes.append(_("Empty: not shown, since the figure is below five or would reveal one that is."))
    if left:
        notes.append(
            ngettext("%(n)d more is in the download.", "%(n)d more are in the download.", left) % {"n": left}
        )
    return " ".join(notes)


def facts(indicator: Indicator) -> list[ui.Fact]:
    state = _("What exists today") if indicator.is_stock else _("All that has happened so far")
    return [
        ui.Fact(_("Unit"), indicator.unit),
        ui.Fact(_("What it says"), indicator.definition),
        ui.Fact(_("How it is counted"), indicator.rule),
        ui.Fact(_("Counted"), state),
        ui.Fact(_("Source"), indicator.source),
        ui.Fact(_("Responsible"), indicator.responsible),
        ui.Fact(_("Code"), indicator.code),
    ]


def world_map(title: str) -> ui.WorldMap:
    """Who works with whom: arcs between countries, countries shaded by the number of their ties."""
    found = queries.pairs()
    totals: dict[str, int] = {}
    for pair in found:
        for code in (pair.start, pair.end):
            totals[code] = totals.get(code, 0) + pair.count
    names = queries.place_labels(totals)
    return ui.WorldMap(
        title,
        [
            ui.MapCountry(code, names.get(code, code), n, reverse("country_ties", args=[code]))
            for code, n in totals.items()
        ],
        [
            ui.MapArc(
                pair.start,
                pair.end,
                pair.count,
                label=pair_name(pair, names),
                url=reverse("pair_ties", args=[pair.start, pair.end]),
            )
            for pair in found
        ],
        value_label=_("Ties"),
        note=_("A tie is a public agreement in force, a landed project or a joint facility in operation."),
        download_url=reverse("ties_export", args=["csv"]),
    )


@dataclass(frozen=True)
class Sorting:
    """Which column a table stands in the order of; `query` are the other parameters of its address."""

    name: str
    is_descending: bool
    query: Mapping[str, str]

    def column(self, label: Words, name: str, *, numeric: bool = False) -> ui.Column:
        """A heading that sorts: days and numbers first from the top, words from the beginning."""
        here = self.name == name
        descends = not self.is_descending if here else numeric or name == LATEST
        url = "?" + urlencode({**self.query, "sort": f"-{name}" if descends else name})
        order: Literal["", "ascending", "descending"] = "descending" if self.is_descending else "ascending"
        return ui.Column(label, numeric=numeric, sort_url=url, sorted=order if here else "")


LATEST = "day"
"""The column of days, of which the latest is asked for first."""


def in_order(text: object) -> Any:
    """The key of a word in the alphabet of the page's language."""
    return sort_order(get_language() or "en").getSortKey(str(text))


LINE_KEYS: Mapping[str, Callable[[Line], Any]] = {
    "title": lambda line: in_order(line.card.title),
    "kind": lambda line: in_order(line.kind),
    "partners": lambda line: in_order(" ".join(line.partners)),
    "countries": lambda line: in_order(" ".join(queries.place_labels(line.countries).values())),
    LATEST: lambda line: line.on or date.min,
}


def records_table(lines: Sequence[Line], sorting: Sorting, sortable: Collection[str]) -> ui.Table:
    """Records with who is in them, from where and since when."""
    names = queries.place_labels(code for line in lines for code in line.countries)
    headings: list[tuple[Words, str]] = [
        (_("What"), "title"),
        (_("Kind"), "kind"),
        (_("Partners"), "partners"),
        (_("Countries"), "countries"),
        (_("Since"), LATEST),
    ]
    columns = [
        sorting.column(label, name, numeric=name == LATEST)
        if name in sortable
        else ui.Column(label, numeric=name == LATEST)
        for label, name in headings
    ]
    return ui.Table(
        _("Records"), [*columns, ui.Column(_("Status"))], [_record_cells(line, names) for line in lines]
    )


def _record_cells(line: Line, names: Mapping[str, str]) -> list[ui.Value]:
    card = line.card
    return [
        ui.Value(card.title, url=card.url, lang=card.language),
        ui.Value(line.kind),
        ui.Value(_partners(line.partners)),
        ui.Value(" · ".join(names.get(code, code) for code in line.countries)),
        ui.Value(on_day(line.on)),
        ui.Value(card.status, tone=card.tone or "quiet"),  # type: ignore[arg-type]
    ]


def _partners(names: Sequence[str]) -> str:
    """In one line, each in its own direction."""
    shown = " · ".join(f"\u2068{name}\u2069" for name in names[:MOST_PARTNERS])
    return shown + (" …" if len(names) > MOST_PARTNERS else "")


PAIR_KEYS: Mapping[str, Callable[[queries.Pair], Any]] = {
    "ties": lambda pair: pair.count,
    "agreement": lambda pair: pair.kinds["agreement"],
    "project": lambda pair: pair.kinds["project"],
    "facility": lambda pair: pair.kinds["facility"],
    LATEST: lambda pair: pair.latest,
}


def pairs_table(pairs: Sequence[queries.Pair], names: Mapping[str, str], sorting: Sorting) -> ui.Table:
    """Pairs of countries: all their ties, by kind, and the latest."""
    columns = [
        sorting.column(_("Countries"), "countries"),
        sorting.column(_("Ties"), "ties", numeric=True),
        *(sorting.column(kinds.kind_named(kind).plural, kind, numeric=True) for kind in queries.TIE_KINDS),
        sorting.column(_("Latest"), LATEST, numeric=True),
    ]
    rows = [
        [
            ui.Value(pair_name(pair, names), url=reverse("pair_ties", args=[pair.start, pair.end])),
            ui.Value(pair.count),
            *(ui.Value(pair.kinds[kind]) for kind in queries.TIE_KINDS),
            ui.Value(on_day(pair.latest)),
        ]
        for pair in pairs
    ]
    return ui.Table(_("Pairs of countries"), columns, rows)


def pair_name(pair: queries.Pair, names: Mapping[str, str]) -> str:
    return f"{names.get(pair.start, pair.start)} – {names.get(pair.end, pair.end)}"


def figure_rows(chosen: Iterable[Indicator], as_of: date) -> Iterable[FigureRow]:
    """Every value of the indicators, total first, for the download."""
    for indicator in chosen:
        day = as_of.isoformat()
        words = (indicator.code, str(indicator.name), str(indicator.unit))
        yield FigureRow(*words, "", "", "", queries.value(indicator, as_of), day)
        for dimension in indicator.breakdowns():
            cells = queries.parts(indicator, dimension, as_of)
            names = queries.labels(indicator, dimension, [cell.member for cell in cells])
            for cell in cells:
                label = names.get(cell.member, cell.member)
                yield FigureRow(*words, dimension, cell.member, label, cell.value, day)


def chosen_words(indicator: Indicator, chosen: Mapping[str, str]) -> str:
    """ "Poland · Energy": what a list of records is narrowed to."""
    parts = []
    for dimension, member in chosen.items():
        parts.append(queries.labels(indicator, dimension, [member]).get(member, member))
    return " · ".join(parts)


def front_figures(as_of: date) -> list[ui.Figure]:
    known = [indicators.named(code) for code in indicators.FRONT]
    return [figure(indicator, as_of) for indicator in known if indicator]
