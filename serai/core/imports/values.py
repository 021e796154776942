"""Words of a table that mean nothing here: people say once what each means, for the whole file.

The setting is `value.<field>.<word>`, with the word as `columns.folded` writes it, and one of our values.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from serai.core.errors import Invalid
from serai.core.imports.columns import Field, folded
from serai.core.imports.rows import Options, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import TableShape, table_rows
from serai.core.imports.text import clean_line

PREFIX = "value."
LONGEST_KEY = 80
SCANNED_ROWS = 5000
"""Rows in which unknown words are looked for; what stands further down is said in the report of the trial."""

MOST_ASKED = 40


@dataclass(frozen=True)
class Vocabulary:
    """The closed list a field is chosen from: what a word means in it ("" for nothing), and what there is to choose.

    `parts` tells apart the words of a cell that holds several.
    """

    known: Callable[[str], str]
    choices: Callable[[], Sequence[tuple[str, Any]]]
    parts: Callable[[str], Sequence[str]] = lambda cell: [cell]


@dataclass(frozen=True)
class Unknown:
    """A word that means nothing here: in which field and how many rows."""

    field: Field
    word: str
    rows: int

    @property
    def setting(self) -> str:
        return _setting(self.field.name, self.word)


def _setting(field: str, word: str) -> str:
    return f"{PREFIX}{field}.{folded(word)}"


def meant(options: Options, field: str, word: str) -> str:
    """Our value that the person says a word means; "" where they say nothing."""
    return str(options.get(_setting(field, word)) or "")


def with_meanings(
    data: Mapping[str, Any], options: Options, vocabularies: Mapping[str, Vocabulary]
) -> dict[str, Any]:
    """The fields, with the words that the person says mean one of ours."""

    def mean(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [mean(name, part) for part in value]
        return meant(options, name, value) or value if isinstance(value, str) else value

    if not any(name.startswith(PREFIX) for name in options):
        return dict(data)
    return {**data, **{name: mean(name, data[name]) for name in vocabularies if name in data}}


def scanned(source: Source, shape: TableShape) -> list[Row]:
    """The rows in which unknown words are looked for; the first of them are shown."""
    return list(islice(table_rows(source, shape), SCANNED_ROWS))


def unknown_words(
    rows: Iterable[Row],
    fields: Sequence[Field],
    columns: Mapping[str, str],
    vocabularies: Mapping[str, Vocabulary],
) -> tuple[Unknown, ...]:
    """What the rows hold that no vocabulary knows, the most frequent of each field first; whoever has said what it
    means can still change it."""
    asked = [
        (field, columns[field.name])
        for field in fields
        if field.name in vocabularies and field.name in columns
    ]
    if not asked:
        return ()
    counts: dict[str, Counter[str]] = {field.name: Counter() for field, _header in asked}
    for row in rows:
        for field, header in asked:
            cell = clean_line(row.data.get(header))
            counts[field.name].update({folded(p): p for p in vocabularies[field.name].parts(cell)}.values())
    return tuple(
        Unknown(field, word, count)
        for field, _header in asked
        for word, count in _unknown(counts[field.name], vocabularies[field.name])
        if len(_setting(field.name, word)) <= LONGEST_KEY
    )[:MOST_ASKED]


def _unknown(counts: Counter[str], vocabulary: Vocabulary) -> list[tuple[str, int]]:
    """(word as it is written first, rows); spellings that are folded alike are one."""
    found: dict[str, tuple[str, int]] = {}
    for word, count in counts.items():
        if folded(word) and not vocabulary.known(word):
            first, sum_ = found.get(folded(word), (word, 0))
            found[folded(word)] = (first, sum_ + count)
    return sorted(found.values(), key=lambda pair: (-pair[1], pair[0]))


def settle_words(options: Options, vocabularies: Mapping[str, Vocabulary]) -> dict[str, Any]:
    """The options with their words as they are compared. Raises Invalid for a field or a value that is not there."""
    kept: dict[str, Any] = {}
    for name, value in options.items():
        if not name.startswith(PREFIX):
            kept[name] = value
            continue
        field, _dot, word = name.removeprefix(PREFIX).partition(".")
        if field not in vocabularies or not folded(word):
            message = _("there is no field {field}; known are: {known}")
            message = message.format(field=field, known=", ".join(vocabularies))
            raise Invalid(message, fields={name: message})
        choices = [str(choice) for choice, _label in vocabularies[field].choices()]
        if value and value not in choices:
            message = _("{value} is not one of: {known}").format(value=value, known=", ".join(choices))
            raise Invalid(message, fields={name: message})
        if value:
            kept[_setting(field, word)] = value
    return kept
