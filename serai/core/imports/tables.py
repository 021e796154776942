"""Tables from strangers, CSV or XLSX: how they are written is proposed, shown and changeable; then read exactly."""

import codecs
import csv
import inspect
import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import IO, Any, NamedTuple
from xml.etree.ElementTree import ParseError

from charset_normalizer import from_bytes
from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import VALUE_TAG, WorkSheetParser

from serai.core.errors import Invalid
from serai.core.imports.readers import MAX_LINE, check_size, zip_members
from serai.core.imports.rows import Fault, FileRefused, Options, Row, Source
from serai.core.imports.said import Said
from serai.core.imports.said import said as _

SHEETS = frozenset({".xlsx", ".xlsm"})
TEXTS = frozenset({".csv", ".tsv", ".txt"})
MAX_COLUMNS = 500
MAX_HEADER_LINE = 1000
SAMPLE = 1 << 20
LAST_ROW = 1_048_576
"""A sheet has no more rows; a file may name any number."""

ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "gb18030", "big5", "shift_jis", "euc-kr", "windows-1252", "windows-1251",
    "windows-1256", "iso-8859-1", "iso-8859-15", "mac-roman",
)  # fmt: skip
NOT_OF_TABLES = frozenset({"idna", "punycode", "utf-7", "unicode-escape", "raw-unicode-escape"})
"""Codecs that spell a text in ASCII: no table is written so, they let lone surrogates in or take time without end."""

DELIMITERS = (",", ";", "\t", "|")
LINE_ENDS = {"CRLF": "\r\n", "LF": "\n", "CR": "\r"}
_BREAK = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class TableShape:
    """How a table is written. `header_line` counts the rows of the table from 1; `line_end` is a key of LINE_ENDS.

    `any_line_end` is true until a person has said which one it is: then every kind ends a line.
    """

    encoding: str
    line_end: str
    delimiter: str
    header_line: int
    headers: tuple[str, ...]
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    any_line_end: bool = True


def is_table(source: Source) -> bool:
    return is_table_name(source.name)


def is_table_name(name: str) -> bool:
    return Path(name).suffix.lower() in SHEETS | TEXTS


def propose_shape(source: Source, options: Options | None = None) -> TableShape:
    """Look at the beginning of a table and say how it is written. What `options` state is kept.

    Options: `encoding`, `delimiter`, `line_end`, `header_line`, `sheet`.
    """
    stated = options or {}
    check_size(source)
    if source.suffix in SHEETS:
        return _propose_sheet(source, stated)
    with source.path.open("rb") as file:
        sample = file.read(SAMPLE)
    return _propose_text(source, sample, stated)


def table_rows(source: Source, shape: TableShape) -> Iterator[Row]:
    """The rows below the header as dictionaries; `line` is where the row begins."""
    if source.suffix in SHEETS:
        yield from _sheet_table(source, shape)
    else:
        yield from _text_table(source, shape)


# --- text -------------------------------------------------------------------------------------------------------


def _propose_text(source: Source, sample: bytes, stated: Options) -> TableShape:
    if b"\0" in sample and not sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(_("it is a binary file, not a table of text"), file=source.name)
    is_whole = len(sample) < SAMPLE
    encoding = str(stated.get("encoding") or "") or guess_encoding(sample, complete=is_whole)
    try:
        if codecs.lookup(encoding).name in NOT_OF_TABLES:
            raise LookupError
        text = sample.decode(encoding, errors="strict" if is_whole else "ignore")
    except (UnicodeError, LookupError) as error:
        raise FileRefused(_unreadable(encoding, error), file=source.name) from None
    line_end = _stated(stated, "line_end", tuple(LINE_ENDS))
    end = line_end or ("CRLF" if "\r\n" in text else "LF" if "\n" in text else "CR")
    sign = str(stated.get("delimiter") or "").replace("\\t", "\t") or _guess_delimiter(text)
    if len(sign) != 1 or sign in '\r\n"\0':
        message = _("one character must stand between the columns")
        raise Invalid(message, fields={"delimiter": message})
    lines = _lines(io.StringIO(text, newline=""), source.name, LINE_ENDS[end] if line_end else "")
    rows = _sample_rows(lines, sign, _stated_line(stated))
    header = _header_line(rows, stated)
    headers = unique_headers(rows[header - 1]) if header <= len(rows) else ()
    return TableShape(encoding, end, sign, header, headers, any_line_end=not line_end)


def _stated(options: Options, name: str, known: Sequence[str]) -> str:
    value = str(options.get(name) or "")
    if value and value not in known:
        message = _("{value} is not one of: {known}").format(value=value, known=", ".join(known))
        raise Invalid(message, fields={name: message})
    return value


def _stated_line(options: Options) -> int:
    """The line of the header as the person says it; 0 where they leave it to the proposal."""
    value = str(options.get("header_line") or "0")
    if not value.isascii() or not value.isdecimal() or int(value[:9]) > MAX_HEADER_LINE:
        message = _("it must be a whole number from {low} to {high}").format(low=1, high=MAX_HEADER_LINE)
        raise Invalid(message, fields={"header_line": message})
    return int(value)


def _unreadable(encoding: str, error: Exception) -> Said:
    if isinstance(error, UnicodeDecodeError):
        place = _("the bytes {bytes} at position {position} mean nothing in it").format(
            bytes=error.object[error.start : error.end][:4].hex(" "), position=error.start + 1
        )
        return _("it cannot be read as {encoding}: {problem}").format(encoding=encoding, problem=place)
    return _("{encoding} is not an encoding that is known").format(encoding=encoding)


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
    first = _BREAK.split(text[:20_000])[:20]
    return max(",;\t|", key=lambda sign: sorted(line.count(sign) for line in first)[len(first) // 2])


def _sample_rows(lines: Iterator[str], delimiter: str, header: int) -> list[list[str]]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(lines, delimiter=delimiter)
    rows: list[list[str]] = []
    with suppress(
        csv.Error, FileRefused
    ):  # shown as far as it can be; reading it all says what is wrong and where
        rows.extend(islice(reader, max(30, header)))
    return rows


def _text_table(source: Source, shape: TableShape) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE)
    end = "" if shape.any_line_end else LINE_ENDS[shape.line_end]
    line = 0
    written: list[str] = []
    try:
        with source.path.open("r", encoding=shape.encoding, newline="") as file:
            lines = _noted(_lines(file, source.name, end), written)
            reader = csv.reader(lines, delimiter=shape.delimiter, strict=False)
            for number, cells in enumerate(reader, start=1):
                # A row that ran to the end of the file for its closing quote has swallowed the rows below it.
                if inspect.getgeneratorstate(lines) == inspect.GEN_CLOSED:
                    raise csv.Error
                begins, line = line + 1, reader.line_num
                if number > shape.header_line and any(cell.strip() for cell in cells):
                    if len(written) > 1:
                        _check_quotes(source, shape, begins, written)
                    yield _row(source.name, begins, shape.headers, cells)
                written.clear()
    except (UnicodeError, LookupError) as error:
        raise FileRefused(_unreadable(shape.encoding, error), file=source.name, line=line + 1) from None
    except csv.Error:
        reason = _("the quotes or the length of a cell are wrong")
        raise FileRefused(reason, file=source.name, line=line + 1) from None


def _noted(lines: Iterator[str], written: list[str]) -> Generator[str, None, None]:
    """The lines on their way to the reader; `written` keeps those of the row being read."""
    for line in lines:
        written.append(line)
        yield line


# --- quotes that are closed in another row ----------------------------------------------------------------------

_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"')
_ROWS_ENOUGH = 0.8


def _check_quotes(source: Source, shape: TableShape, begins: int, written: Sequence[str]) -> None:
    """Raise FileRefused where a cell of several lines looks like rows that a stray quote took in.

    A quote that opens a cell by mistake is closed by the next one, rows later, and csv makes one cell of what
    stands between. It shows in two ways: more text follows the closing quote, which is that of another cell;
    or the lines in the cell are as wide as the table.
    """
    cell = _cell_of_lines("".join(written), shape.delimiter)
    if cell is None or not (cell.is_followed or _are_rows(written, shape)):
        return
    reason = _(
        "a quote that opens in this cell is closed on line {line} only, which makes one cell of the rows between; "
        "take the quote out, or write it twice if it belongs to the text. If the cell does hold these lines, "
        "save the table as XLSX"
    )
    opens = begins + cell.lines_above
    header = shape.headers[cell.column] if cell.column < len(shape.headers) else str(cell.column + 1)
    raise FileRefused(reason.format(line=opens + cell.breaks), file=source.name, line=opens, column=header)


class _LongCell(NamedTuple):
    """A quoted cell of several lines: its column from 0, the lines of its row above it, the line breaks in it,
    and whether text follows its closing quote."""

    column: int
    lines_above: int
    breaks: int
    is_followed: bool


def _cell_of_lines(text: str, delimiter: str) -> _LongCell | None:
    """The suspect of a row: its first cell of several lines with text behind the quote, else the last of them."""
    ends = re.compile(f"[{re.escape(delimiter)}\\r\\n]|$")
    position, column, above = 0, 0, 0
    found = None
    while position < len(text):
        quoted = _QUOTED.match(text, position)
        closed = quoted.end() if quoted else position
        breaks = len(_BREAK.findall(quoted.group())) if quoted else 0
        end = ends.search(text, closed)
        assert end is not None  # it matches at the end of the text, if nowhere else
        if breaks:
            found = _LongCell(column, above, breaks, bool(text[closed : end.start()].strip(" ")))
            if found.is_followed:
                break
        position = end.end() if end.group() == delimiter else len(text)
        column, above = column + 1, above + breaks
    return found


def _are_rows(written: Sequence[str], shape: TableShape) -> bool:
    """Whether the lines of one row are as many rows: nearly each as wide as the header."""
    width = len(shape.headers)
    if width < 2:
        return False
    # In prose a blank follows the comma; in a table it mostly does not.
    comma = re.compile(",(?! )") if shape.delimiter == "," else re.compile(re.escape(shape.delimiter))
    as_wide = sum(len(comma.findall(line)) == width - 1 for line in written)
    return as_wide >= _ROWS_ENOUGH * len(written) and as_wide > 1


def _lines(file: IO[str], name: str, end: str) -> Generator[str, None, None]:
    """Lines with their ends. Without a stated `end`, every kind ends a line, a bare carriage return included.

    A line without end is refused, not read. With a stated end the other signs are blanks inside a line.
    """
    number, rest = 0, ""
    while chunk := file.read(1 << 16):
        rest += chunk
        *lines, rest = _cut(rest, end)
        for line in lines:
            number += 1
            yield line
        if len(rest) > MAX_LINE:
            raise FileRefused(_("a line is longer than 4 MB"), file=name, line=number + 1)
    if rest:
        yield from (line for line in _cut(rest + (end or "\n"), end) if line)


def _cut(text: str, end: str) -> list[str]:
    """Whole lines and, last, what may go on in the next piece (a CR at the very end may be half a CRLF)."""
    if end:
        *whole, rest = text.split(end)
        return [_BREAK.sub(" ", line) + "\n" for line in whole] + [rest]
    lines, start = [], 0
    for found in _BREAK.finditer(text):
        if found.end() == len(text) and found.group() == "\r":
            break
        lines.append(text[start : found.end()])
        start = found.end()
    return [*lines, text[start:]]


# --- sheets -----------------------------------------------------------------------------------------------------


def _propose_sheet(source: Source, stated: Options) -> TableShape:
    with _book(source) as book:
        sheet = _sheet(book, str(stated.get("sheet") or ""), source)
        wanted = max(30, _stated_line(stated))
        rows: list[list[str]] = []  # by their numbers: a sheet leaves empty ones out
        for number, cells in takewhile(lambda row: row[0] <= wanted, _sheet_rows(sheet, source)):
            rows += [[] for _n in range(len(rows) + 1, number)]
            rows.append([_word(cell) for cell in cells])
        header = _header_line(rows, stated)
        headers = unique_headers(rows[header - 1]) if header <= len(rows) else ()
        return TableShape("", "", "", header, headers, sheet.title, tuple(s.title for s in book.worksheets))


def _word(cell: Any) -> str:
    return "" if cell is None or isinstance(cell, Damaged) else str(cell)


def _sheet_table(source: Source, shape: TableShape) -> Iterator[Row]:
    with _book(source) as book:
        for number, cells in _sheet_rows(_sheet(book, shape.sheet, source), source):
            if number > shape.header_line and any(c not in (None, "") for c in cells):
                yield _row(source.name, number, shape.headers, cells)


@contextmanager
def _book(source: Source) -> Iterator[Any]:
    list(zip_members(source, suffix="[Content_Types].xml"))  # refuses bombs before openpyxl unpacks them
    with source.path.open("rb") as file:  # by its bytes: a stored file has no ending
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except _BROKEN_BOOK:
            raise FileRefused(_("it is not a spreadsheet that can be read"), file=source.name) from None
        try:
            yield book
        finally:
            book.close()


_BROKEN_BOOK = (
    InvalidFileException, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, RuntimeError,
    zipfile.BadZipFile, ParseError, SyntaxError,
)  # fmt: skip


def _sheet(book: Any, name: str, source: Source) -> Any:
    titles = [sheet.title for sheet in book.worksheets]
    if not titles:
        raise FileRefused(_("it holds no sheet"), file=source.name)
    if name and name not in titles:
        message = _("there is no sheet called {name}").format(name=name)
        raise Invalid(message, fields={"sheet": message})
    return book[name or titles[0]]


def _sheet_rows(sheet: Any, source: Source) -> Iterator[tuple[int, list[Any]]]:
    """(number, cells) of the rows that hold something, read as openpyxl reads them but for single bad cells."""
    number = 0
    try:
        with sheet._get_source() as stream:
            for row, cells in _Cells(stream, sheet).parse():
                if not number < row <= LAST_ROW:
                    raise ValueError(row)
                number = row
                yield number, _placed(cells)
    except _BROKEN_BOOK:
        reason = _("the sheet is damaged")
        raise FileRefused(reason, file=source.name, line=number + 1) from None


def _placed(cells: Iterable[Mapping[str, Any]]) -> list[Any]:
    """The values of a row, each in its column; empty ones at its end are left out."""
    values: list[Any] = []
    for cell in cells:
        column, value = cell["column"], cell["value"]
        if value in (None, "") or column > MAX_COLUMNS:
            continue
        values.extend([None] * (column - len(values)))
        values[column - 1] = value
    return values


class _Cells(WorkSheetParser):
    """openpyxl gives the whole sheet up for one cell that is no value; here that cell is `Damaged`."""

    def __init__(self, stream: Any, sheet: Any) -> None:
        book = sheet.parent
        super().__init__(
            stream,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )

    def parse_cell(self, element: Any) -> dict[str, Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a date that is none: it becomes an error like any other
                cell: dict[str, Any] = super().parse_cell(element)
        except (ValueError, TypeError, IndexError, OverflowError):
            place = element.get("r")
            column = coordinate_to_tuple(place)[1] if place else self.col_counter
            return {"column": column, "value": Damaged((element.findtext(VALUE_TAG) or "")[:40])}
        if cell["data_type"] == "e":
            cell["value"] = Damaged(cell["value"])
        return cell


# --- headers ----------------------------------------------------------------------------------------------------


def _header_line(rows: Sequence[Sequence[str]], stated: Options) -> int:
    return _stated_line(stated) or _guess_header(rows) + 1


def _guess_header(rows: Sequence[Sequence[str]]) -> int:
    """The first row that is as wide as the table: a title above it is narrower."""
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows]
    filled = sorted(width for width in widths if width) or [0]
    usual = filled[len(filled) // 2]
    return next((n for n, width in enumerate(widths) if width >= max(2, usual * 0.6)), 0)


def unique_headers(cells: Sequence[Any]) -> tuple[str, ...]:
    """Names of the columns, each once: one without a name is `#3`, a second `Name` is `Name (2)`."""
    seen: Counter[str] = Counter()
    names = []
    for number, cell in enumerate(cells[:MAX_COLUMNS], start=1):
        name = " ".join(str(cell if cell is not None else "").replace("\0", "").split())[:120] or f"#{number}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def _row(file: str, line: int, headers: tuple[str, ...], cells: Sequence[Any]) -> Row:
    beyond = sum(cell is not None and str(cell).strip() != "" for cell in cells[len(headers) :])
    return Row(file, line, dict(zip(headers, cells, strict=False)), beyond)


# --- what is wrong with the cells of a row ----------------------------------------------------------------------


class Damaged(str):
    """What stands in a cell of a sheet that is no value: the spreadsheet's own error (`#N/A`), or nonsense."""

    __slots__ = ()


def faults_of(row: Row, columns: Mapping[str, str]) -> list[Fault]:
    """What is wrong with the row as a row of a table, whatever it means. `columns` is field → header."""
    faults = [
        Fault(field, _("the cell holds no value but {text}").format(text=row.data[header]))
        for field, header in columns.items()
        if isinstance(row.data.get(header), Damaged)
    ]
    if row.beyond:
        reason = _(
            "the row has more cells than the table has names of columns; look for a stray sign between columns"
        )
        faults.append(Fault("", reason))
    return faults
