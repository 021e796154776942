"""What readers give and importers answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from serai.core.errors import Invalid

Options = Mapping[str, Any]


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
    """One record of a file; `line` is where it begins, counted from 1."""

    file: str
    line: int
    data: Any


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken: file, line, column (a header or a number) and the reason in words."""

    file: str
    line: int | None
    column: str
    reason: str

    def as_dict(self) -> dict[str, object]:
        return {"file": self.file, "line": self.line, "column": self.column, "reason": self.reason}


class FileRefused(Invalid):
    """The file as a whole cannot be read; nothing of it was written."""

    def __init__(self, reason: str, *, file: str, line: int | None = None, column: int | None = None) -> None:
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
    """What became of a batch. The four numbers always add up to the rows given."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.created + self.updated + self.unchanged + len(self.refusals)
