"""Serai's own exchange format for listings: JSON lines, described in `docs/formats/listings.md`.

The smallest line is `{"id": …, "text": …}`; every field the form knows may be given.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.core.errors import Invalid
from serai.core.imports import framework
from serai.core.imports.framework import Options
from serai.core.imports.readers import jsonl_rows
from serai.core.imports.rows import Outcome, Refusal, Row
from serai.core.imports.text import clean, clean_line
from serai.core.viewer import Viewer
from serai.directory.models import Identifier, Organisation
from serai.engines.matching import language as languages
from serai.exchange.importers import bulk
from serai.exchange.models import Listing

SOURCE = "listings"
TITLE_LENGTH = 120
_CHOICES = {
    "direction": Listing.Direction.values,
    "kind": Listing.Kind.values,
    "ip_status": Listing.IpStatus.values,
}
_LISTS = {
    "partnerships": Listing.Partnership.values,
    "partner_kinds": Organisation.Kind.values,
    "work_languages": None,
    "sectors": None,
    "fields_of_science": None,
}


class ListingsImporter(bulk.ListingImporter):
    """Options: `direction`, `kind` and `organisation` (name or ROR id) for lines that do not state them."""

    name = "listings"
    summary = gettext_lazy("Listings in Serai's own format (JSON lines)")
    suffixes = (".jsonl",)

    def read(self, path: Path, options: Options) -> Iterator[Row | Refusal]:
        defaults = _defaults(options)
        yield from bulk.each_once(_checked(row, defaults) for row in jsonl_rows(path))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        homes = _organisations({(r.data["organisation"], r.data["ror"]) for r in rows})
        outcome = Outcome()
        items = []
        for row in rows:
            home = homes.get((row.data["organisation"], row.data["ror"]))
            if home is None:
                reason = _("no organisation has the ROR identifier {value}").format(value=row.data["ror"])
                outcome.refusals.append(Refusal(row.file, row.line, "organisation", reason))
            else:
                items.append(_imported(row, home))
        written = bulk.write(SOURCE, items)
        written.refusals += outcome.refusals
        return written


framework.register(ListingsImporter())


def _defaults(options: Options) -> dict[str, str]:
    defaults = {
        "direction": str(options.get("direction", Listing.Direction.OFFER)),
        "kind": str(options.get("kind", Listing.Kind.TECHNOLOGY)),
        "organisation": str(options.get("organisation", _("Imported listings"))),
    }
    for name in ("direction", "kind"):
        if defaults[name] not in _CHOICES[name]:
            known = ", ".join(_CHOICES[name])
            raise Invalid(_("{name} must be one of: {known}").format(name=name, known=known))
    return defaults


class _Wrong(Exception):  # noqa: N818  it never leaves this module
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def _checked(row: Row, defaults: dict[str, str]) -> Row | Refusal:
    try:
        return Row(row.file, row.line, _fields(row.data, defaults))
    except _Wrong as wrong:
        return Refusal(row.file, row.line, wrong.column, wrong.reason)


def _fields(data: Any, defaults: dict[str, str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _Wrong("", _("a line must be one JSON object"))
    ref = clean_line(data.get("id"))
    if not ref or len(ref) > 200:
        raise _Wrong("id", _("it is missing, or longer than 200 characters"))
    description = clean(data.get("text") or data.get("description"))
    summary = clean(data.get("summary")) or bulk.opening(description)
    if not summary:
        raise _Wrong("text", _("there is no text, summary or description"))
    title = clean_line(data.get("title")) or _title(summary)
    declared = clean_line(data.get("lang") or data.get("language")) or None
    organisation = data.get("organisation") or {}
    if isinstance(organisation, str):
        organisation = {"name": organisation}
    if not isinstance(organisation, dict):
        raise _Wrong("organisation", _("it must be a name or an object with name or ror"))
    return {
        "ref": ref,
        "title": title,
        "summary": summary,
        "description": description,
        "language": languages.detect(f"{title}\n{summary}", declared),
        "keywords": tuple(_strings(data, "keywords", None)),
        "organisation": clean_line(organisation.get("name")) or defaults["organisation"],
        "ror": clean_line(organisation.get("ror")).removeprefix("https://ror.org/"),
        "deadline": _date(data, "deadline"),
        "direction": _choice(data, "direction", defaults["direction"]),
        "kind": _choice(data, "kind", defaults["kind"]),
        "values": _values(data),
    }


def _values(data: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: _strings(data, name, known) for name, known in _LISTS.items() if name in data
    }
    if data.get("ip_status"):
        values["ip_status"] = _choice(data, "ip_status", "")
    for name, low, high in (("trl", 1, 9), ("trl_min", 1, 9), ("trl_max", 1, 9)):
        if data.get(name) is not None:
            values[name] = _number(data[name], name, low, high)
    if "sdgs" in data:
        if not isinstance(data["sdgs"], list):
            raise _Wrong("sdgs", _("it must be a list"))
        values["sdgs"] = [_number(goal, "sdgs", 1, 17) for goal in data["sdgs"]]
    return values


def _choice(data: dict[str, Any], name: str, default: str) -> str:
    value = str(data.get(name) or default)
    if value not in _CHOICES[name]:
        raise _Wrong(
            name, _("{value} is not one of: {known}").format(value=value, known=", ".join(_CHOICES[name]))
        )
    return value


def _strings(data: dict[str, Any], name: str, known: list[str] | None) -> list[str]:
    given = data.get(name) or []
    if not isinstance(given, list) or not all(isinstance(v, str) for v in given):
        raise _Wrong(name, _("it must be a list of texts"))
    values = [clean_line(v) for v in given if clean_line(v)]
    for value in values:
        if known is not None and value not in known:
            raise _Wrong(
                name, _("{value} is not one of: {known}").format(value=value, known=", ".join(known))
            )
    limit = 80 if name == "keywords" else 35 if name == "work_languages" else 24 if known else 10
    if any(len(value) > limit for value in values):
        raise _Wrong(name, _("an entry is longer than {limit} characters").format(limit=limit))
    return values


def _number(value: Any, name: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _Wrong(name, _("it must be a whole number from {low} to {high}").format(low=low, high=high))
    return value


def _date(data: dict[str, Any], name: str) -> date | None:
    value = data.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _Wrong(name, _("{value} is not a date such as 2018-03-21").format(value=value)) from None


def _title(summary: str) -> str:
    """The first sentence, or its beginning, where a line brings no title."""
    return bulk.opening(clean_line(summary), TITLE_LENGTH)


def _organisations(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Organisation]:
    by_ror = {
        i.value: i.organisation
        for i in Identifier.objects.filter(
            scheme="ror", value__in=[r for _n, r in wanted if r]
        ).select_related("organisation__country")
    }
    found: dict[tuple[str, str], Organisation] = {}
    for name, ror in wanted:
        if ror:
            if ror in by_ror:
                found[(name, ror)] = by_ror[ror]
        else:
            found[(name, ror)] = bulk.organisation_of_source(
                source=SOURCE, ref=name, name=name, language="", kind=Organisation.Kind.OTHER
            )
    return found


def _imported(row: Row, home: Organisation) -> bulk.Imported:
    data = row.data
    return bulk.Imported(
        ref=data["ref"],
        row=row,
        organisation=home,
        direction=data["direction"],
        kind=data["kind"],
        language=data["language"],
        title=data["title"],
        summary=data["summary"],
        description=data["description"],
        keywords=data["keywords"],
        deadline=data["deadline"],
        values=data["values"],
    )
