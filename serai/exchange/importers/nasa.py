"""NASA's open-source catalogue (catalog.json): software technologies offered for reuse.

Public names of centres stand in `CENTRES`; an abbreviation that is not there is offered by NASA itself.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.framework import SAMPLE_ROWS, Proposal
from serai.core.imports.readers import json_rows
from serai.core.imports.rows import Change, Fault, Options, Outcome, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.text import clean_line, plain
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Relation
from serai.exchange.importers import bulk
from serai.exchange.models import Listing

SOURCE = "nasa"
AGENCY = "National Aeronautics and Space Administration"
CENTRES = {
    "AFRC": "Armstrong Flight Research Center",
    "ARC": "Ames Research Center",
    "DFRC": "Dryden Flight Research Center",
    "GRC": "Glenn Research Center",
    "GSFC": "Goddard Space Flight Center",
    "JPL": "Jet Propulsion Laboratory",
    "JSC": "Johnson Space Center",
    "KSC": "Kennedy Space Center",
    "LaRC": "Langley Research Center",
    "MSFC": "Marshall Space Flight Center",
    "SSC": "Stennis Space Center",
    "NASA Langley Research Center": "Langley Research Center",
}


class NasaImporter(bulk.ListingImporter):
    name = "nasa"
    label = gettext_lazy("NASA catalogue")
    summary = gettext_lazy("NASA open-source catalogue, as technology offers (JSON)")
    suffixes = (".json",)

    def propose(self, source: Source, options: Options) -> Proposal:
        names = ("Software", "NASA Center", "Description")
        rows = [row for row in islice(json_rows(source), SAMPLE_ROWS) if isinstance(row.data, dict)]
        return Proposal(
            headers=names,
            rows=tuple((r.line, tuple(plain(r.data.get(n))[:200] for n in names)) for r in rows),
        )

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        yield from bulk.each_once(_checked(row) for row in json_rows(source))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        centres, changes = _centres({row.data["centre"] for row in rows})
        outcome = bulk.write(SOURCE, (_imported(row, centres) for row in rows))
        outcome.changes = [*changes, *outcome.changes]
        return outcome


framework.register(NasaImporter())


_COLUMNS = {"title": "Software", "summary": "Description", "text": "Description", "keywords": "Categories"}


def _checked(row: Row) -> Row | Refusal:
    if not isinstance(row.data, dict):
        return Refusal.of(row, [Fault("", _("a record must be an object"))])
    data = row.data
    title, description = clean_line(plain(data.get("Software"))), plain(data.get("Description"))
    updated = str(data.get("Update_Date") or "")
    faults = [
        Fault(column, _("it is empty"))
        for column, value in (("Software", title), ("Description", description))
        if not value
    ]
    if updated and _iso(updated) is None:
        reason = _("{value} is not a date such as 2018-03-21").format(value=updated)
        faults.append(Fault("Update_Date", reason))
    if faults:
        return Refusal.of(row, faults)
    fields: dict[str, Any] = {
        "title": title,
        "description": description,
        "centre": clean_line(data.get("NASA Center"))[:200],
        "updated": _iso(updated),
        "keywords": _texts(data.get("Categories")),
        "licences": _texts(data.get("License")),
        "link": clean_line(data.get("External Link") or data.get("Public Code Repo"))[:2000],
    }
    identity = "\n".join([title, fields["centre"], fields["link"]])
    fields["ref"] = hashlib.sha256(identity.encode()).hexdigest()[:40]
    remarks = bulk.cuts(
        title=title, summary="", text=description, keywords=fields["keywords"], columns=_COLUMNS
    )
    return Row(row.file, row.line, fields, remarks=remarks)


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, or of one text that stands in its place."""
    given = value if isinstance(value, list) else [value]
    return tuple(text for text in (clean_line(v) for v in given if v is not None) if text)


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _centres(codes: set[str]) -> tuple[dict[str, Organisation], list[Change]]:
    """Centre as the catalogue writes it → organisation, and what had to be made for it."""
    agency = bulk.Home("NASA", AGENCY, Organisation.Kind.MINISTRY, "en")
    homes = {
        code: bulk.Home(f"NASA {name}", f"NASA {name}", Organisation.Kind.INSTITUTE, "en")
        for code, name in CENTRES.items()
        if code in codes
    }
    found, changes = bulk.organisations_of_source(
        SOURCE, [agency, *homes.values()], country=bulk.united_states()
    )
    head = found[agency.ref]
    parts = [
        Relation(source=found[home.ref], kind=Relation.Kind.PARENT, target=head, stated_by=SOURCE)
        for home in homes.values()
    ]
    Relation.objects.bulk_create({part.source_id: part for part in parts}.values(), ignore_conflicts=True)
    return {code: found[homes[code].ref] if code in homes else head for code in codes}, changes


def _imported(row: Row, centres: dict[str, Organisation]) -> bulk.Imported:
    data: dict[str, Any] = row.data
    lines = [data["description"]]
    if data["licences"]:
        lines.append("; ".join(data["licences"]))
    if data["link"]:
        lines.append(data["link"])
    return bulk.Imported(
        ref=data["ref"],
        row=row,
        organisation=centres[data["centre"]],
        direction=Listing.Direction.OFFER,
        kind=Listing.Kind.TECHNOLOGY,
        language="en",
        title=data["title"],
        summary=bulk.opening(data["description"]),
        description="\n\n".join(lines),
        keywords=data["keywords"],
        published_on=data["updated"],
        values={"ip_status": Listing.IpStatus.OPEN},
    )
