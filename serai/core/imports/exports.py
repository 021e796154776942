"""What was not taken of an import, to download: the reasons, or the rows themselves, to be mended."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from serai.core import exports, policy
from serai.core.exports import Column, Export
from serai.core.imports.rows import Row, Source
from serai.core.imports.tables import TableShape, table_rows
from serai.core.models import ImportRefusal

RULE = "core.imports"


def _line(refusal: ImportRefusal) -> int | None:
    return refusal.line


REFUSALS = exports.register(
    Export(
        "lines-not-taken",
        (
            Column("file", lambda r: r.file, RULE),
            Column("line", _line, RULE),
            Column("column", lambda r: r.column, RULE),
            Column("reason", lambda r: r.said, RULE),
        ),
    )
)

policy.door("export", "rows-to-mend.*", RULE)


def rows_to_mend(headers: Sequence[str]) -> Export:
    """The columns of the file itself, and why the row was not taken. The rows are `(Row, reasons)`."""
    own = [Column(header, partial(_cell, header), RULE) for header in headers]
    return Export("rows-to-mend", (*own, Column(_("Why"), lambda found: found[1], RULE)))


def _cell(header: str, found: tuple[Row, str]) -> exports.Plain:
    value: Any = found[0].data.get(header)
    return value if value is None or isinstance(value, str | int | float | date) else str(value)


def refused_rows(
    source: Source, shape: TableShape, reasons: dict[int, list[str]]
) -> Iterator[tuple[Row, str]]:
    """The rows of the file at the lines of `reasons`, read again."""
    for row in table_rows(source, shape):
        if row.line in reasons:
            yield row, "; ".join(reasons[row.line])
