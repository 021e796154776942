"""NASA's open-source catalogue (catalog.json): software technologies offered for reuse.

Public names of centres stand in `CENTRES`; an abbreviation that is not there is offered by NASA itself.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.framework import Options
from serai.core.imports.readers import json_rows
from serai.core.imports.rows import Outcome, Refusal, Row
from serai.core.imports.text import clean_line, plain
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place, Relation
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
    summary = gettext_lazy("NASA open-source catalogue, as technology offers (JSON)")
    suffixes = (".json",)

    def read(self, path: Path, options: Options) -> Iterator[Row | Refusal]:
        yield from bulk.each_once(_checked(row) for row in json_rows(path))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        centres = _centres({row.data["centre"] for row in rows})
        return bulk.write(SOURCE, (_imported(row, centres) for row in rows))


framework.register(NasaImporter())


def _checked(row: Row) -> Row | Refusal:
    def refuse(column: str, reason: str) -> Refusal:
        return Refusal(row.file, row.line, column, reason)

    if not isinstance(row.data, dict):
        return refuse("", _("a record must be an object"))
    data = row.data
    title, description = clean_line(plain(data.get("Software"))), plain(data.get("Description"))
    if not title:
        return refuse("Software", _("it is empty"))
    if not description:
        return refuse("Description", _("it is empty"))
    updated = str(data.get("Update_Date") or "")
    if updated and _iso(updated) is None:
        return refuse("Update_Date", _("{value} is not a date such as 2018-03-21").format(value=updated))
    fields: dict[str, Any] = {
        "title": title,
        "description": description,
        "centre": clean_line(data.get("NASA Center")),
        "updated": _iso(updated),
        "keywords": tuple(clean_line(c) for c in data.get("Categories") or [] if clean_line(c)),
        "licences": tuple(clean_line(c) for c in data.get("License") or [] if clean_line(c)),
        "link": clean_line(data.get("External Link") or data.get("Public Code Repo")),
    }
    identity = "\n".join([title, fields["centre"], fields["link"]])
    fields["ref"] = hashlib.sha256(identity.encode()).hexdigest()[:40]
    return Row(row.file, row.line, fields)


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _centres(codes: set[str]) -> dict[str, Organisation]:
    country, _is_new = Place.objects.get_or_create(code="US", defaults={"kind": Place.Kind.COUNTRY})
    agency = _organisation("NASA", AGENCY, Organisation.Kind.MINISTRY, country)
    found = {}
    for code in codes:
        name = CENTRES.get(code)
        if name is None:
            found[code] = agency
            continue
        found[code] = _organisation(f"NASA {name}", f"NASA {name}", Organisation.Kind.INSTITUTE, country)
        Relation.objects.get_or_create(
            source=found[code], kind=Relation.Kind.PARENT, target=agency, defaults={"stated_by": SOURCE}
        )
    return found


def _organisation(ref: str, name: str, kind: str, country: Place) -> Organisation:
    return bulk.organisation_of_source(
        source=SOURCE, ref=ref, name=name, language="en", kind=kind, country=country
    )


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
