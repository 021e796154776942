"""Closed SBIR/STTR topics of United States federal agencies: requests for research, XLSX or JSON.

Traps of the published files, each handled here: agencies repeated in one cell, long US dates as text, HTML
entities, descriptions that are empty (refused) or cut at the 32,767 characters of a spreadsheet cell
(marked), addresses inside the text.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.framework import Options
from serai.core.imports.readers import json_rows, propose_shape, table_rows
from serai.core.imports.rows import FileRefused, Outcome, Refusal, Row
from serai.core.imports.text import clean_line, plain
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place
from serai.exchange.importers import bulk
from serai.exchange.models import Listing

SOURCE = "sbir"
CELL_LIMIT = 32_767
_COLUMNS = {
    "topic name": "title",
    "topic_name": "title",
    "description": "description",
    "agency": "agency",
    "phase": "phase",
    "program": "program",
    "release date": "release",
    "release_date": "release",
    "open date": "open",
    "open_date": "open",
    "close date": "close",
    "close_date": "close",
    "url": "url",
}


class SbirImporter(bulk.ListingImporter):
    name = "sbir"
    summary = gettext_lazy("SBIR/STTR topics of United States agencies, as requests (XLSX or JSON)")
    suffixes = (".xlsx", ".json", ".csv")

    def read(self, path: Path, options: Options) -> Iterator[Row | Refusal]:
        if path.suffix.lower() == ".json":
            rows = json_rows(path)
        else:
            shape = propose_shape(path)
            _check_headers(path, shape.headers)
            rows = table_rows(path, shape)
        yield from bulk.each_once(_checked(row) for row in rows)

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        agencies: dict[str, Organisation] = {}
        country, _is_new = Place.objects.get_or_create(code="US", defaults={"kind": Place.Kind.COUNTRY})
        return bulk.write(SOURCE, (_imported(row, agencies, country) for row in rows))


framework.register(SbirImporter())


def _check_headers(path: Path, headers: tuple[str, ...]) -> None:
    found = {_COLUMNS.get(h.strip().lower()) for h in headers}
    missing = {"title", "description", "agency", "close"} - found
    if missing:
        reason = _("these columns are missing: {columns}").format(columns=", ".join(sorted(missing)))
        raise FileRefused(reason, file=path.name, line=1)


def _checked(row: Row) -> Row | Refusal:
    def refuse(column: str, reason: str) -> Refusal:
        return Refusal(row.file, row.line, column, reason)

    if not isinstance(row.data, dict):
        return refuse("", _("a record must be an object"))
    data = {_COLUMNS[k.strip().lower()]: v for k, v in row.data.items() if k.strip().lower() in _COLUMNS}
    data["title"] = clean_line(plain(data.get("title")))
    raw = str(data.get("description") or "")
    data["description"] = plain(raw) + (" […]" if len(raw) >= CELL_LIMIT else "")
    data["agency"] = _agency(data.get("agency"))
    if not data["title"]:
        return refuse("Topic Name", _("it is empty"))
    if not data["description"]:
        return refuse("Description", _("it is empty"))
    if not data["agency"]:
        return refuse("Agency", _("it is empty"))
    for key, column in (("close", "Close Date"), ("release", "Release Date")):
        if data.get(key) and _us_date(data[key]) is None:
            return refuse(column, _("{value} is not a date such as March 21, 2018").format(value=data[key]))
    identity = [
        data["title"],
        *data["agency"],
        str(_us_date(data.get("release"))),
        str(data.get("url") or ""),
    ]
    data["ref"] = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:40]
    return Row(row.file, row.line, data)


def _agency(cell: Any) -> tuple[str, ...]:
    """The distinct names of a cell that repeats them: ("Department of Defense", "Navy")."""
    return tuple(dict.fromkeys(part for part in (clean_line(p) for p in str(cell or "").split(",")) if part))


def _us_date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = clean_line(value)
    month = re.match(r"(\d{4}-\d{2}-\d{2})", text)
    for form, candidate in (("%B %d, %Y", text), ("%Y-%m-%d", month[1] if month else "")):
        try:
            return datetime.strptime(candidate, form).date()  # noqa: DTZ007  a calendar date, no time
        except ValueError:
            continue
    return None


def _imported(row: Row, agencies: dict[str, Organisation], country: Place) -> bulk.Imported:
    data = row.data
    names: tuple[str, ...] = data["agency"]
    label = ", ".join(names)
    if label not in agencies:
        agencies[label] = bulk.organisation_of_source(
            source=SOURCE,
            ref=label,
            name=label,
            language="en",
            kind=Organisation.Kind.MINISTRY,
            country=country,
        )
    close = _us_date(data.get("close"))
    release = _us_date(data.get("release"))
    return bulk.Imported(
        ref=data["ref"],
        row=row,
        organisation=agencies[label],
        direction=Listing.Direction.REQUEST,
        kind=Listing.Kind.RESEARCH,
        language="en",
        title=data["title"],
        summary=bulk.opening(data["description"]),
        description=data["description"],
        keywords=tuple(k for k in (clean_line(data.get("program")),) if k),
        deadline=close,
        published_on=release or close,
    )
