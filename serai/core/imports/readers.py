"""Readers of files from strangers: streamed, bounded, and exact about where something is wrong."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy

from serai.core.imports.rows import FileRefused, Row, Source
from serai.core.imports.said import said as _

MAX_FILE_BYTES = 1 << 30
MAX_MEMBER_BYTES = 64 << 20
MAX_UNPACKED_BYTES = 4 << 30
MAX_RATIO = 200
MAX_MEMBERS = 300_000
MAX_LINE = 4 << 20
MAX_JSON_BYTES = 256 << 20


def check_size(source: Source) -> None:
    if not source.path.is_file():
        raise FileRefused(_("there is no such file"), file=source.name)
    size = source.path.stat().st_size
    if size == 0:
        raise FileRefused(_("the file is empty"), file=source.name)
    if size > MAX_FILE_BYTES:
        raise FileRefused(_("the file is larger than 1 GB"), file=source.name)


# --- JSON -------------------------------------------------------------------------------------------------------


def parse_json(raw: bytes, *, file: str) -> Any:
    """Parse UTF-8 JSON. A mistake is refused with its line and column (both counted from 1).

    Raw line breaks and tabs inside strings, which many exporters leave in, are let through: they cannot be
    misread, and `clean` removes them. Everything else is strict.
    """
    if len(raw) > MAX_JSON_BYTES:
        raise FileRefused(_("the file is larger than 256 MB"), file=file)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise FileRefused(_("it is not UTF-8 text"), file=file, line=line, column=column) from None
    return _parsed(text, file=file, line=0)


_MISTAKES = {
    "Expecting value": gettext_lazy("a value is missing"),
    "Expecting ',' delimiter": gettext_lazy("a comma is missing"),
    "Expecting ':' delimiter": gettext_lazy("a colon is missing"),
    "Expecting property name enclosed in double quotes": gettext_lazy(
        "the name of a field in double quotes is missing"
    ),
    "Extra data": gettext_lazy("something follows after its end"),
    "Unterminated string starting at": gettext_lazy("a text has no closing quote"),
    "Invalid \\escape": gettext_lazy("a backslash is followed by a wrong character"),
    "Invalid \\uXXXX escape": gettext_lazy("a backslash is followed by a wrong character"),
}


def _parsed(text: str, *, file: str, line: int) -> Any:
    """The value that `text` writes; `line` is how many lines stand before it. NaN and Infinity are unknown."""
    try:
        return json.loads(text, strict=False, parse_constant=lambda _name: None)
    except json.JSONDecodeError as error:
        problem = _MISTAKES.get(error.msg, error.msg)
        reason = _("it is not valid JSON: {problem}").format(problem=problem)
        raise FileRefused(reason, file=file, line=line + error.lineno, column=error.colno) from None
    except ValueError:
        raise FileRefused(_("it holds a number that is too long"), file=file, line=line + 1) from None
    except RecursionError:
        raise FileRefused(_("its structure is nested too deeply"), file=file, line=line + 1) from None


def json_rows(source: Source) -> Iterator[Row]:
    """The objects of a JSON array, each with the line it begins at."""
    check_size(source)
    raw = source.path.read_bytes()
    data = parse_json(raw, file=source.name)
    if not isinstance(data, list):
        raise FileRefused(_("a list of records is expected"), file=source.name, line=1, column=1)
    lines = _lines_of_items(raw.decode("utf-8-sig"))
    for item, line in zip(data, lines, strict=True):
        yield Row(source.name, line, item)


def _lines_of_items(text: str) -> Iterator[int]:
    """The line at which each item of the outer array begins."""
    decoder = json.JSONDecoder(strict=False, parse_constant=lambda _name: None)
    position = text.index("[") + 1
    line, counted = 1, 0
    while True:
        while text[position] in " \t\r\n,":
            position += 1
        if text[position] == "]":
            return
        line += text.count("\n", counted, position)
        counted = position
        yield line
        _item, position = decoder.raw_decode(text, position)


def jsonl_rows(source: Source) -> Iterator[Row]:
    """One JSON value a line. A file with a line that is none is refused whole, never half read."""
    check_size(source)
    with source.path.open("rb") as file:
        number = 0
        while raw := file.readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE:
                raise FileRefused(_("a line is longer than 4 MB"), file=source.name, line=number)
            if not raw.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            try:
                text = raw.decode("utf-8-sig").rstrip("\r\n")
            except UnicodeDecodeError as error:
                column = error.start + 1
                raise FileRefused(
                    _("it is not UTF-8 text"), file=source.name, line=number, column=column
                ) from None
            yield Row(source.name, number, _parsed(text, file=source.name, line=number - 1))


# --- archives ---------------------------------------------------------------------------------------------------


def zip_members(source: Source, *, suffix: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the members with `suffix`, in name order. Bombs are refused before they are unpacked."""
    check_size(source)
    try:
        archive = zipfile.ZipFile(source.path)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, UnicodeDecodeError):
        raise FileRefused(_("it is not a ZIP archive"), file=source.name) from None
    with archive:
        members = archive.infolist()
        _check_archive(source, members)
        for info in sorted(members, key=lambda i: i.filename):
            if info.filename.endswith(suffix) and not info.is_dir():
                try:
                    yield info.filename, archive.read(info)
                except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
                    reason = _("{member} cannot be unpacked: {problem}").format(
                        member=info.filename, problem=error
                    )
                    raise FileRefused(reason, file=source.name) from None


def _check_archive(source: Source, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise FileRefused(_("the archive holds too many files"), file=source.name)
    if sum(info.file_size for info in members) > MAX_UNPACKED_BYTES:
        raise FileRefused(_("unpacked, the archive would be larger than 4 GB"), file=source.name)
    for info in members:
        too_big = info.file_size > MAX_MEMBER_BYTES
        too_dense = info.file_size > 1 << 20 and info.file_size > MAX_RATIO * max(info.compress_size, 1)
        if too_big or too_dense or info.flag_bits & 0x1:
            reason = _("{member} is too large, too densely packed or encrypted").format(member=info.filename)
            raise FileRefused(reason, file=source.name)
