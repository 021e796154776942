"""Readers of files from strangers: streamed, bounded, and exact about where something is wrong."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from serai.core.imports.rows import FileRefused, Row

MAX_FILE_BYTES = 1 << 30
MAX_MEMBER_BYTES = 64 << 20
MAX_UNPACKED_BYTES = 4 << 30
MAX_RATIO = 200
MAX_MEMBERS = 300_000
MAX_LINE = 4 << 20
MAX_COLUMNS = 500
MAX_JSON_BYTES = 256 << 20
SAMPLE = 1 << 20


def check_size(path: Path) -> None:
    if not path.is_file():
        raise FileRefused(_("there is no such file"), file=path.name)
    size = path.stat().st_size
    if size == 0:
        raise FileRefused(_("the file is empty"), file=path.name)
    if size > MAX_FILE_BYTES:
        raise FileRefused(_("the file is larger than 1 GB"), file=path.name)


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
    try:
        return json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        reason = _("it is not valid JSON: {problem}").format(problem=error.msg)
        raise FileRefused(reason, file=file, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise FileRefused(_("its structure is nested too deeply"), file=file, line=1) from None


def json_rows(path: Path) -> Iterator[Row]:
    """The objects of a JSON array, each with the line it begins at."""
    check_size(path)
    raw = path.read_bytes()
    data = parse_json(raw, file=path.name)
    if not isinstance(data, list):
        raise FileRefused(_("a list of records is expected"), file=path.name, line=1, column=1)
    lines = _lines_of_items(raw.decode("utf-8-sig"))
    for item, line in zip(data, lines, strict=True):
        yield Row(path.name, line, item)


def _lines_of_items(text: str) -> Iterator[int]:
    """The line at which each item of the outer array begins."""
    decoder = json.JSONDecoder(strict=False)
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


def jsonl_rows(path: Path) -> Iterator[Row]:
    """One JSON object a line. A file whose first line is not one object is refused whole, never half read."""
    check_size(path)
    with path.open("rb") as source:
        number = 0
        while raw := source.readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE:
                raise FileRefused(_("a line is longer than 4 MB"), file=path.name, line=number)
            if not raw.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            try:
                data = json.loads(raw.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                raise FileRefused(
                    _("it is not UTF-8 text"), file=path.name, line=number, column=error.start + 1
                ) from None
            except json.JSONDecodeError as error:
                reason = _("line is not one JSON object: {problem}").format(problem=error.msg)
                raise FileRefused(reason, file=path.name, line=number, column=error.colno) from None
            except RecursionError:
                raise FileRefused(
                    _("its structure is nested too deeply"), file=path.name, line=number
                ) from None
            yield Row(path.name, number, data)


# --- archives ---------------------------------------------------------------------------------------------------


def zip_members(path: Path, *, suffix: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the members with `suffix`, in name order. Bombs are refused before they are unpacked."""
    check_size(path)
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise FileRefused(_("it is not a ZIP archive"), file=path.name) from None
    with archive:
        members = archive.infolist()
        _check_archive(path, members)
        for info in sorted(members, key=lambda i: i.filename):
            if info.filename.endswith(suffix) and not info.is_dir():
                try:
                    yield info.filename, archive.read(info)
                except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
                    reason = _("{member} cannot be unpacked: {problem}").format(
                        member=info.filename, problem=error
                    )
                    raise FileRefused(reason, file=path.name) from None


def _check_archive(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise FileRefused(_("the archive holds too many files"), file=path.name)
    if sum(info.file_size for info in members) > MAX_UNPACKED_BYTES:
        raise FileRefused(_("unpacked, the archive would be larger than 4 GB"), file=path.name)
    for info in members:
        too_big = info.file_size > MAX_MEMBER_BYTES
        too_dense = info.file_size > 1 << 20 and info.file_size > MAX_RATIO * max(info.compress_size, 1)
        if too_big or too_dense or info.flag_bits & 0x1:
            reason = _("{member} is too large, too densely packed or encrypted").format(member=info.filename)
            raise FileRefused(reason, file=path.name)


# --- tables -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TableShape:
    """How a table is written: proposed by `propose_shape`, shown to the person, changeable by them."""

    encoding: str
    line_end: str
    delimiter: str
    header_line: int
    headers: tuple[str, ...]
    sheet: str = ""


ENCODINGS = (
    "utf-8-sig", "utf-8", "gb18030", "big5", "shift_jis", "euc-kr", "windows-1252", "windows-1251", "mac-roman",
)  # fmt: skip


def propose_shape(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> TableShape:
    """Look at the beginning of a table and say how it is written. What the caller states is kept."""
    check_size(path)
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return _propose_xlsx(path, sheet)
    with path.open("rb") as source:
        sample = source.read(SAMPLE)
    if b"\0" in sample and not sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(_("it is a binary file, not a table of text"), file=path.name)
    chosen = encoding or guess_encoding(sample, complete=len(sample) < SAMPLE)
    try:
        text = sample.decode(chosen, errors="strict" if len(sample) < SAMPLE else "ignore")
    except (UnicodeDecodeError, LookupError) as error:
        raise FileRefused(
            _("it cannot be read as {encoding}: {problem}").format(encoding=chosen, problem=error),
            file=path.name,
        ) from None
    line_end = "\r\n" if "\r\n" in text else "\n" if "\n" in text else "\r"
    sign = delimiter or _guess_delimiter(text)
    rows = list(_sample_rows(text, sign))
    header = _header_index(rows)
    headers = tuple(h.strip() for h in rows[header]) if rows else ()
    return TableShape(chosen, line_end, sign, header + 1, headers)


def guess_encoding(sample: bytes, *, complete: bool) -> str:
    """UTF-8 if it is; else what its bytes speak for. Mac files betray themselves by bare carriage returns."""
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        (sample if complete else sample[: sample.rfind(b"\n") + 1] or sample[:-4]).decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if b"\r" in sample and b"\n" not in sample:
        return "mac-roman"
    for encoding in ("gb18030", "big5", "shift_jis", "euc-kr"):
        if _speaks_for(sample, encoding):
            return encoding
    best = from_bytes(sample[:100_000]).best()
    return (best.encoding if best else "windows-1252").replace("_", "-")


def _speaks_for(sample: bytes, encoding: str) -> bool:
    """Whether the bytes decode in an East Asian encoding to mostly common characters of its script."""
    text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
    wide = [c for c in text if ord(c) > 127]
    if len(wide) < 4 or text.count("\ufffd") > len(wide) * 0.01:
        return False
    common = {"gb18030": ("gb2312",), "big5": ("big5",), "shift_jis": ("shift_jis",), "euc-kr": ("euc-kr",)}
    usual = sum(_is_encodable(c, common[encoding][0]) for c in wide[:4000])
    scripts = sum("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" for c in wide[:4000])
    return usual > 0.97 * len(wide[:4000]) and scripts > 0.6 * len(wide[:4000])


def _is_encodable(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _guess_delimiter(text: str) -> str:
    head = text[:20_000]
    first = head.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:20]
    return max(",;\t|", key=lambda sign: sorted(line.count(sign) for line in first)[len(first) // 2])


def _sample_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for number, row in enumerate(reader):
        if number >= 30:
            return
        yield row


def _header_index(rows: list[list[str]]) -> int:
    """The first row that is as wide as the table: a title above it is narrower."""
    if not rows:
        return 0
    widths = [sum(1 for cell in row if cell and str(cell).strip()) for row in rows]
    filled = sorted(width for width in widths if width) or [0]
    usual = filled[len(filled) // 2]
    return next((i for i, width in enumerate(widths) if width >= max(2, usual * 0.6)), 0)


def table_rows(path: Path, shape: TableShape) -> Iterator[Row]:
    """The rows below the header as dicts by header; `line` is the line (or sheet row) where each begins."""
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        yield from _xlsx_rows(path, shape)
        return
    csv.field_size_limit(MAX_LINE)
    try:
        with path.open("r", encoding=shape.encoding, newline="") as source:
            reader = csv.reader(_bounded(source, path.name), delimiter=shape.delimiter, strict=False)
            before = 0
            for number, cells in enumerate(reader):
                begins, before = before + 1, reader.line_num
                if number < shape.header_line or not any(cell.strip() for cell in cells):
                    continue
                yield Row(path.name, begins, _as_dict(shape.headers, cells))
    except UnicodeDecodeError as error:
        reason = _("it cannot be read as {encoding}: {problem}").format(
            encoding=shape.encoding, problem=error.reason
        )
        raise FileRefused(reason, file=path.name) from None
    except csv.Error as error:
        raise FileRefused(str(error), file=path.name) from None


def _bounded(source: io.TextIOBase | Any, name: str) -> Iterator[str]:
    """Lines with their own ends, bare carriage returns included; a line without end is refused, not read."""
    number = 0
    rest = ""
    while chunk := source.read(1 << 16):
        rest += chunk
        lines = rest.splitlines(keepends=True)
        # The last piece may be cut inside a line, or between CR and LF.
        rest = lines.pop() if lines else ""
        for line in lines:
            number += 1
            yield line
        if len(rest) > MAX_LINE:
            raise FileRefused(_("a line is longer than 4 MB"), file=name, line=number + 1)
    if rest:
        yield rest


def _as_dict(headers: tuple[str, ...], cells: list[Any]) -> dict[str, Any]:
    return dict(zip(headers, cells, strict=False))


def _open_xlsx(path: Path) -> Any:
    list(zip_members(path, suffix="[Content_Types].xml"))  # refuses bombs before openpyxl unpacks them
    try:
        return load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise FileRefused(
            _("it is not a spreadsheet that can be read: {problem}").format(problem=error), file=path.name
        ) from None


def _sheet(book: Any, name: str, file: str) -> Any:
    if name and name not in book.sheetnames:
        raise FileRefused(_("there is no sheet called {name}").format(name=name), file=file)
    sheet = book[name] if name else book.worksheets[0]
    sheet.reset_dimensions()  # a file may claim a million empty rows and columns
    return sheet


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        kept = list(cells[:MAX_COLUMNS])
        while kept and kept[-1] in (None, ""):
            kept.pop()
        empty = 0 if kept else empty + 1
        if empty > 2000:
            return
        yield number, kept


def _propose_xlsx(path: Path, name: str) -> TableShape:
    book = _open_xlsx(path)
    try:
        sheet = _sheet(book, name, path.name)
        rows = [row for number, row in _sheet_rows(sheet) if number <= 30]
        header = _header_index([[str(c or "") for c in row] for row in rows])
        headers = tuple(str(c or "").strip() for c in rows[header]) if rows else ()
        return TableShape("", "", "", header + 1, headers, sheet.title)
    finally:
        book.close()


def _xlsx_rows(path: Path, shape: TableShape) -> Iterator[Row]:
    book = _open_xlsx(path)
    try:
        for number, cells in _sheet_rows(_sheet(book, shape.sheet, path.name)):
            if number > shape.header_line and any(c not in (None, "") for c in cells):
                yield Row(path.name, number, _as_dict(shape.headers, cells))
    finally:
        book.close()
