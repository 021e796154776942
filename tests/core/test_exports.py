import json
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from serai.core import exports, policy
from serai.core.exports import Column, Export
from serai.core.viewer import ANYONE

pytestmark = pytest.mark.django_db  # closing an answer closes the connection

FORMULAS = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "|cmd",
    '=HYPERLINK("https://example.org")',
]
TABLE = Export(
    "things",
    (
        Column("text", lambda row: row["text"], "core.public"),
        Column("value", lambda row: row["value"], "core.public"),
        Column("own", lambda row: "mine", "core.signed_in"),
    ),
)


def body(form: exports.Format, rows: list[dict[str, Any]], export: Export = TABLE) -> bytes:
    response: Any = exports.respond(export, rows, form=form, viewer=ANYONE)
    content = b"".join(response.streaming_content)
    response.close()
    return content


def sheet(rows: list[dict[str, Any]]) -> list[list[Any]]:
    book = openpyxl.load_workbook(BytesIO(body("xlsx", rows)))
    return [list(line) for line in book.worksheets[0].iter_rows()]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_in_csv(text: str) -> None:
    assert exports.csv_cell(text) == "'" + text.replace("\r", "\n")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula_in_xlsx(text: str) -> None:
    cell = sheet([{"text": text, "value": 1}])[1][0]

    assert cell.data_type == "s"
    assert str(cell.value).strip() == text.strip()


def test_no_address_becomes_a_link_in_xlsx() -> None:
    cell = sheet([{"text": "https://example.org", "value": 1}])[1][0]

    assert (cell.value, cell.hyperlink) == ("https://example.org", None)


@pytest.mark.parametrize("text", ["plain", "a=b", "清华", "3D", "", "it's"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert exports.csv_cell(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-5, "-5"), (Decimal("-1.50"), "-1.50"), (True, "true"), (None, ""), (date(2026, 1, 2), "2026-01-02")],
)
def test_numbers_and_dates_stay_numbers_and_dates(value: Any, cell: str) -> None:
    assert exports.csv_cell(value) == cell


def test_a_list_is_one_cell_and_still_no_formula() -> None:
    assert exports.csv_cell(["a", "b"]) == "a; b"
    assert exports.csv_cell(["=a", "b"]) == "'=a; b"


def test_csv_has_a_mark_for_excel_and_keeps_quotes_and_lines() -> None:
    text = body("csv", [{"text": 'He said "no",\nthen left', "value": 2}])

    assert text.decode() == '\ufefftext,value\r\n"He said ""no"",\nthen left",2\r\n'


def test_json_is_one_array() -> None:
    rows = [{"text": "=1", "value": Decimal("1.5")}, {"text": "清", "value": date(2026, 1, 2)}]

    assert json.loads(body("json", rows)) == [
        {"text": "=1", "value": 1.5},
        {"text": "清", "value": "2026-01-02"},
    ]
    assert json.loads(body("json", [])) == []


def test_unwritable_characters_are_left_out() -> None:
    assert sheet([{"text": "a\x00\x0bb\ufffe", "value": 1}])[1][0].value == "ab"


def test_a_column_whose_rule_shuts_the_viewer_out_is_left_out() -> None:
    assert [column.name for column in TABLE.columns_for(ANYONE)] == ["text", "value"]


def test_a_download_ends_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROW_CAP", 2)

    rows = json.loads(body("json", [{"text": str(n), "value": n} for n in range(5)]))

    assert [row["value"] for row in rows] == [0, 1]


def test_every_column_of_a_registered_export_is_a_door() -> None:
    before = list(policy.registry.doors)
    try:
        exports.register(TABLE)
        added = policy.registry.doors[len(before) :]
    finally:
        policy.registry.doors[:] = before

    assert [(door.channel, door.name, door.rule) for door in added] == [
        ("export", "things.text", "core.public"),
        ("export", "things.value", "core.public"),
        ("export", "things.own", "core.signed_in"),
    ]


@pytest.mark.parametrize("form", exports.FORMATS)
def test_a_download_is_a_file_with_its_type(form: exports.Format) -> None:
    response = exports.respond(TABLE, [], form=form, viewer=ANYONE)

    assert response["Content-Disposition"].startswith('attachment; filename="things-')
    assert response["Content-Disposition"].rstrip('"').endswith(form)
    assert response["X-Content-Type-Options"] == "nosniff"
    response.close()
