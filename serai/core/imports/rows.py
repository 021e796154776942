"""What readers give and importers answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from serai.core.errors import Invalid
from serai.core.imports.said import Said
from serai.core.imports.said import said as _

Options = Mapping[str, Any]
Reason = Said | str
"""Said in the reader's language, or a text as it is."""


@dataclass(frozen=True)
class Source:
    """A file: where its bytes lie, and the name people know it by. The name's ending says what it claims to be."""

    path: Path
    name: str

    @classmethod
    def of(cls, path: Path) -> "Source":
        return cls(path, path.name)

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix.lower()


@dataclass(frozen=True)
class Row:
    """One record of a file; `line` is where it begins, counted from 1.

    `beyond` is how many filled cells of a table's row stand under no header; `remarks` are what the importer
    takes otherwise than it stands there, the columns as the file calls them.
    """

    file: str
    line: int
    data: Any
    beyond: int = 0
    remarks: "tuple[Fault, ...]" = ()


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell: its column (a header, a field or a number) and the reason in words."""

    column: str
    reason: Reason


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: file, line, and what is wrong with it; `further` faults follow the first."""

    file: str
    line: int | None
    column: str
    reason: Reason
    further: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, row: Row, faults: Sequence[Fault]) -> "Refusal":
        """A row is refused once, with everything that is wrong with it. `faults` is not empty."""
        return cls(row.file, row.line, faults[0].column, faults[0].reason, tuple(faults[1:]))

    @property
    def faults(self) -> tuple[Fault, ...]:
        return (Fault(self.column, self.reason), *self.further)

    def named(self, columns: Mapping[str, str]) -> "Refusal":
        """The same with the columns as the file calls them; `columns` is field → header."""
        first, *further = (Fault(columns.get(f.column, f.column), f.reason) for f in self.faults)
        return replace(self, column=first.column, further=tuple(further))


@dataclass(frozen=True)
class Remark:
    """A row that was taken, though not quite as the file says it: which cell, and what became of it."""

    file: str
    line: int | None
    column: str
    reason: Reason


class FileRefused(Invalid):
    """The file as a whole cannot be read; nothing of it was written."""

    def __init__(
        self, reason: Reason, *, file: str, line: int | None = None, column: int | str | None = None
    ) -> None:
        super().__init__(_("{file} was refused: {reason}").format(file=file, reason=reason))
        self.refusal = Refusal(file, line, str(column) if column is not None else "", reason)


@dataclass(frozen=True)
class Change:
    """What was done to one object. `before` is None for a new one, else what `Importer.restore` needs."""

    kind: str
    id: UUID
    line: int | None
    before: Any = None


@dataclass
class Outcome:
    """What became of a batch. The four numbers always add up to the rows given; remarks are of rows taken."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.created + self.updated + self.unchanged + len(self.refusals)
