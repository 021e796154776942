"""Closed SBIR/STTR topics of United States federal agencies: requests for research, XLSX or JSON.

Traps of the published files, each handled here: agencies repeated in one cell, long US dates as text, HTML
entities, descriptions that are empty (refused) or cut at the 32,767 characters of a spreadsheet cell
(marked), addresses inside the text.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.framework import SAMPLE_ROWS, Proposal
from serai.core.imports.readers import json_rows
from serai.core.imports.rows import Fault, FileRefused, Options, Outcome, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import TableShape, faults_of, propose_shape, table_rows
from serai.core.imports.text import clean_line, plain
from serai.core.viewer import Viewer
from serai.directory.models import Organisation
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
_HEADERS = {
    "title": "Topic Name",
    "description": "Description",
    "agency": "Agency",
    "release": "Release Date",
    "close": "Close Date",
}


class SbirImporter(bulk.ListingImporter):
    name = "sbir"
    label = gettext_lazy("SBIR/STTR topics")
    summary = gettext_lazy("SBIR/STTR topics of United States agencies, as requests (XLSX or JSON)")
    suffixes = (".xlsx", ".json", ".csv")

    def propose(self, source: Source, options: Options) -> Proposal:
        names = ("Topic Name", "Agency", "Release Date", "Close Date", "Description")
        shape = None if source.suffix == ".json" else _shape(source, options)
        rows = [row for row in islice(_rows(source, options), SAMPLE_ROWS) if isinstance(row.data, dict)]
        cells = [{_COLUMNS.get(_plain_header(k)): v for k, v in row.data.items()} for row in rows]
        wanted = [_COLUMNS[_plain_header(name)] for name in names]
        shown = (tuple(plain(found.get(w))[:200] for w in wanted) for found in cells)
        return Proposal(
            headers=names, rows=tuple(zip((r.line for r in rows), shown, strict=True)), shape=shape
        )

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        yield from bulk.each_once(_checked(row) for row in _rows(source, options))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        labels = {_label(row.data) for row in rows}
        homes = [bulk.Home(label, label, Organisation.Kind.MINISTRY, "en") for label in sorted(labels)]
        agencies, changes = bulk.organisations_of_source(SOURCE, homes, country=bulk.united_states())
        outcome = bulk.write(SOURCE, (_imported(row, agencies) for row in rows))
        outcome.changes = [*changes, *outcome.changes]
        return outcome


framework.register(SbirImporter())


def _rows(source: Source, options: Options) -> Iterator[Row]:
    if source.suffix == ".json":
        yield from json_rows(source)
    else:
        yield from table_rows(source, _shape(source, options))


def _shape(source: Source, options: Options) -> TableShape:
    shape = propose_shape(source, options)
    found = {_COLUMNS.get(_plain_header(h)) for h in shape.headers}
    missing = {"title", "description", "agency", "close"} - found
    if missing:
        names = [next(h for h, field in _COLUMNS.items() if field == m).title() for m in sorted(missing)]
        reason = _("these columns are missing: {columns}").format(columns=", ".join(names))
        raise FileRefused(reason, file=source.name, line=shape.header_line)
    return shape


def _plain_header(header: Any) -> str:
    return str(header).strip().lower()


def _label(data: Mapping[str, Any]) -> str:
    return ", ".join(data["agency"])


def _checked(row: Row) -> Row | Refusal:
    if not isinstance(row.data, dict):
        return Refusal.of(row, [Fault("", _("a record must be an object"))])
    named = {_COLUMNS[_plain_header(k)]: k for k in row.data if _plain_header(k) in _COLUMNS}
    faults = faults_of(row, named)
    data = {field: row.data[header] for field, header in named.items()}
    data["title"] = clean_line(plain(data.get("title")))
    raw = str(data.get("description") or "")
    data["description"] = plain(raw) + (" […]" if len(raw) >= CELL_LIMIT else "")
    data["agency"] = _agency(data.get("agency"))
    faults += [
        Fault(field, _("it is empty")) for field in ("title", "description", "agency") if not data[field]
    ]
    if len(_label(data)) > bulk.REF_LENGTH:
        faults.append(
            Fault("agency", _("it is longer than {limit} characters").format(limit=bulk.REF_LENGTH))
        )
    for field in ("close", "release"):
        if data.get(field) and _us_date(data[field]) is None:
            reason = _("{value} is not a date such as March 21, 2018").format(value=data[field])
            faults.append(Fault(field, reason))
    if faults:
        return Refusal.of(row, faults).named(_HEADERS)
    identity = [
        data["title"],
        *data["agency"],
        str(_us_date(data.get("release"))),
        str(data.get("url") or ""),
    ]
    data["ref"] = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:40]
    remarks = bulk.cuts(
        title=data["title"],
        summary="",
        text=data["description"],
        keywords=(),
        columns={"title": "Topic Name", "text": "Description"},
    )
    if len(raw) >= CELL_LIMIT:
        reason = _("the spreadsheet had cut it at {limit} characters; it is marked with […]")
        remarks += (Fault("Description", reason.format(limit=CELL_LIMIT)),)
    return Row(row.file, row.line, data, remarks=remarks)


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


def _imported(row: Row, agencies: dict[str, Organisation]) -> bulk.Imported:
    data = row.data
    close = _us_date(data.get("close"))
    release = _us_date(data.get("release"))
    return bulk.Imported(
        ref=data["ref"],
        row=row,
        organisation=agencies[_label(data)],
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
