"""The lines of an import that were not taken, as a table to download."""

from serai.core import exports
from serai.core.exports import Column, Export
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
            Column("reason", lambda r: r.reason, RULE),
        ),
    )
)
