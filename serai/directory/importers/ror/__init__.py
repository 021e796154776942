"""ROR releases (schema 2.x): a ZIP of JSON records, one JSON file, or the relationship CSV of a release.

Source: ror.readme.io, "ROR data structure"; data CC0. Withdrawn records stay as tombstones that point to
their successor; names keep their language, none included; a relation to a record that is not here waits.
"""

import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy

from serai.core.imports import framework
from serai.core.imports.framework import SAMPLE_ROWS, Proposal
from serai.core.imports.readers import json_rows
from serai.core.imports.rows import Options, Outcome, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import table_rows
from serai.core.imports.text import clean_line
from serai.core.viewer import Viewer
from serai.directory.importers.entries import EntryImporter
from serai.directory.importers.ror.records import STATUS, Record, checked, each_once, zip_rows
from serai.directory.importers.ror.relations import (
    COLUMNS,
    Stated,
    apply_relations,
    relation_rows,
    relation_shape,
    resolve_pending,
    restore_relations,
)
from serai.directory.importers.ror.writing import apply_records, restore_records


class RorImporter(EntryImporter):
    name = "ror"
    label = gettext_lazy("ROR release")
    source_name = "Research Organization Registry (ROR)"
    summary = gettext_lazy("ROR release: ZIP of records, JSON, or relationship CSV")
    suffixes = (".zip", ".json", ".csv")

    def propose(self, source: Source, options: Options) -> Proposal:
        if source.suffix == ".csv":
            shape = relation_shape(source)
            found = islice(table_rows(source, shape), SAMPLE_ROWS)
            rows = tuple((r.line, tuple(clean_line(r.data.get(c)) for c in COLUMNS)) for r in found)
            return Proposal(headers=COLUMNS, rows=rows)
        records = [row for row in islice(self.read(source, options), 200) if isinstance(row, Row)]
        shown = tuple((r.line, _shown(r.data)) for r in records[:SAMPLE_ROWS])
        headers = (_("Name"), _("Country or region"), _("City"), _("Status"))
        return Proposal(headers=("ROR", *(str(header) for header in headers)), rows=shown)

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        if source.suffix == ".zip":
            yield from each_once(zip_rows(source))
        elif source.suffix == ".csv":
            yield from relation_rows(source)
        else:
            yield from each_once(checked(row) for row in json_rows(source))

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        if isinstance(rows[0].data, Stated):
            return apply_relations(rows)
        return apply_records(rows)

    def finish(self, options: Options) -> None:
        resolve_pending()

    def restore(self, kind: str, befores: Mapping[uuid.UUID, Any]) -> None:
        if kind == "relation":
            restore_relations(list(befores.values()))
        else:
            restore_records(befores)
        resolve_pending()


framework.register(RorImporter())


def _shown(record: Record) -> tuple[str, ...]:
    return (
        record.ref,
        record.name,
        record.country,
        record.city,
        str(STATUS[record.status].label),
    )
