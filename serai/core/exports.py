"""The one writer of tables that leave the node: CSV, XLSX and JSON, streamed, safe to open in a spreadsheet.

An export is declared with its columns; every column is a door that names its rule, and a column whose rule does
not let the viewer in is left out. The rows come from a policy's filter, never from a table directly.
"""

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import IO, Any, Literal

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from serai.core import policy
from serai.core.viewer import Viewer

Format = Literal["csv", "xlsx", "json"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "json")
ROW_CAP = 10_000
"""A download holds at most this many rows; what needs more is an export job or the open-data release."""

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json; charset=utf-8",
}
# What spreadsheets take for the start of a formula (OWASP, CSV injection), in full width too, also after blanks.
_FORMULA = re.compile(r"^[\s\u00a0\u3000]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]|^[\t\r\n]")
# Characters that XML 1.0 cannot hold; they say nothing in a cell.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Plain = str | int | float | Decimal | bool | date | datetime | Sequence[str] | None


@dataclass(frozen=True)
class Column:
    """`value` reads the cell from a row; `rule` guards the column."""

    name: str
    value: Callable[[Any], Plain]
    rule: str


@dataclass(frozen=True)
class Export:
    """A kind of table. `name` is also that of the file."""

    name: str
    columns: Sequence[Column]

    def columns_for(self, viewer: Viewer) -> list[Column]:
        return [column for column in self.columns if policy.rule_named(column.rule).gate(viewer)]


def register(export: Export) -> Export:
    """Declare every column as a door, so that the start-up check sees it."""
    for column in export.columns:
        policy.door("export", f"{export.name}.{column.name}", column.rule)
    return export


def respond(export: Export, rows: Iterable[Any], *, form: Format, viewer: Viewer) -> HttpResponseBase:
    """The file as an answer: rows are read and written one by one, at most `ROW_CAP` of them."""
    columns = export.columns_for(viewer)
    name = f"{export.name}-{timezone.localdate().isoformat()}.{form}"
    response: HttpResponseBase
    if form == "xlsx":
        response = FileResponse(_xlsx(columns, rows), as_attachment=True, filename=name)
    else:
        parts = _csv(columns, rows) if form == "csv" else _json(columns, rows)
        response = StreamingHttpResponse(parts)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Type"] = _MEDIA_TYPES[form]
    response["X-Content-Type-Options"] = "nosniff"
    return response


def csv_cell(value: Plain) -> str:
    """A cell as text. What a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    text = _text(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _text(value: Plain) -> str:
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str):
        return _UNWRITABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(value, Sequence):
        return "; ".join(_text(part) for part in value)
    return str(value)


def _capped(rows: Iterable[Any]) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if number == ROW_CAP:
            return
        yield row


def _csv(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[str]:
    """RFC 4180 with a byte order mark, without which Excel reads UTF-8 wrongly."""
    buffer = StringIO()
    writer = csv.writer(buffer)

    def flush() -> str:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    writer.writerow([column.name for column in columns])
    yield "\ufeff" + flush()
    for row in _capped(rows):
        writer.writerow([csv_cell(column.value(row)) for column in columns])
        yield flush()


def _json(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[str]:
    """One array of objects, a row a line."""
    yield "[\n"
    for number, row in enumerate(_capped(rows)):
        values = {column.name: column.value(row) for column in columns}
        yield (",\n" if number else "") + json.dumps(values, ensure_ascii=False, default=_json_value)
    yield "\n]\n"


def _json_value(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return [str(part) for part in value] if isinstance(value, Sequence) else str(value)


def _xlsx(columns: Sequence[Column], rows: Iterable[Any]) -> IO[bytes]:
    """A workbook written row by row to a temporary file. Text cells are text: no formula, no link."""
    # Closed by the response that sends it.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.name, head)
    for line, row in enumerate(_capped(rows), start=1):
        for place, column in enumerate(columns):
            _write_cell(sheet, line, place, column.value(row))
    book.close()
    file.seek(0)
    return file


def _write_cell(sheet: Any, line: int, place: int, value: Plain) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(line, place, float(value))
    else:
        sheet.write_string(line, place, _text(value)[:32_767])
