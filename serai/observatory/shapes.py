"""Figures, charts and the map as the shapes that the components print."""

from collections.abc import Iterable, Mapping
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from serai.core import kinds, ui
from serai.observatory import indicators, queries
from serai.observatory.exports import FigureRow
from serai.observatory.indicators import DIMENSIONS, YEAR, Indicator

MOST_BARS = 25


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
                label=f"{names.get(pair.start)} – {names.get(pair.end)}",
                url=reverse("pair_ties", args=[pair.start, pair.end]),
            )
            for pair in found
        ],
        value_label=_("Ties"),
        note=_("A tie is a public agreement in force, a landed project or a joint facility in operation."),
        download_url=reverse("ties_export", args=["csv"]),
    )


def card_row(card: kinds.Card) -> ui.Row:
    kind = kinds.kind_named(card.kind)
    return ui.Row(
        card.title,
        card.url,
        lang=card.language,
        kind=card.detail or kind.label,
        icon=kind.icon,
        status=card.status,
        status_tone=card.tone or "quiet",  # type: ignore[arg-type]
    )


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
