"""Which column of a table means what: proposed from the headers, shown, and changeable by `column.<field>`."""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation

from serai.core.errors import Invalid
from serai.core.imports.rows import FileRefused, Options, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import TableShape

PREFIX = "column."


@dataclass(frozen=True)
class Field:
    """What a format can take from a table. `synonyms` are headers people use, in any spelling (see `folded`);
    the label in every language of the interface is one of them."""

    name: str
    label: Any
    synonyms: tuple[str, ...] = ()
    required: bool = False


def folded(header: str) -> str:
    """A header without what people vary: case, accents, width, spaces, signs."""
    text = unicodedata.normalize("NFKD", str(header)).casefold()
    return "".join(c for c in text if c.isalnum() and not unicodedata.combining(c))


def headers_from(path: Path) -> dict[str, tuple[str, ...]]:
    """Field → headers people use, from a TOML file; its order is the order of recognition."""
    with path.open("rb") as file:
        return {field: tuple(words) for field, words in tomllib.load(file).items()}


@cache
def _usual(field: Field) -> frozenset[str]:
    labels = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            labels.append(str(field.label))
    return frozenset(folded(word) for word in (*field.synonyms, *labels))


@cache
def words_for(choices: type[TextChoices]) -> Mapping[str, str]:
    """Folded word → value: the values of a choice and their labels in every language of the interface."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for choice in choices:
                found.setdefault(folded(str(choice.label)), str(choice.value))
    found |= {folded(str(choice.value)): str(choice.value) for choice in choices}
    return found


def recognise(fields: Sequence[Field], headers: Sequence[str], options: Options) -> dict[str, str]:
    """Field → header: as stated by the person (empty: left out), else by synonyms; each header once.

    Raises Invalid for a field or a column that is not there.
    """
    names = [field.name for field in fields]
    stated = {k.removeprefix(PREFIX): str(v) for k, v in options.items() if k.startswith(PREFIX)}
    unknown = sorted(set(stated) - set(names))
    if unknown:
        message = _("there is no field {field}; known are: {known}")
        raise Invalid(message.format(field=", ".join(unknown), known=", ".join(names)))
    missing = {PREFIX + name: h for name, h in stated.items() if h and h not in headers}
    if missing:
        message = _("there is no column {column}").format(column=", ".join(missing.values()))
        raise Invalid(message, fields=dict.fromkeys(missing, message))
    columns = {name: header for name, header in stated.items() if header}
    for field in fields:
        if field.name not in stated:
            usual = _usual(field)
            free = (h for h in headers if h not in columns.values())
            found = next((h for h in free if folded(h) in usual), None)
            if found:
                columns[field.name] = found
    return columns


def check_required(
    source: Source, shape: TableShape, fields: Sequence[Field], columns: Mapping[str, str]
) -> None:
    """Raise FileRefused when no column was recognised for a field that a row cannot do without."""
    for field in fields:
        if field.required and field.name not in columns:
            reason = _(
                "no column was recognised as “{field}” (setting {setting}); say which one it is. Columns: {headers}"
            )
            raise FileRefused(
                reason.format(
                    field=field.label,
                    setting=PREFIX + field.name,
                    headers=", ".join(shape.headers[:20]) or "—",
                ),
                file=source.name,
                line=shape.header_line,
            )
