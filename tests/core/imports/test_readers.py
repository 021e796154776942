"""Files from strangers: read exactly, or refused with the place."""

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from serai.core.imports.readers import json_rows, jsonl_rows, zip_members
from serai.core.imports.rows import FileRefused, Source
from serai.core.imports.tables import propose_shape, table_rows


def _file(folder: Path, name: str, content: bytes) -> Source:
    path = folder / name
    path.write_bytes(content)
    return Source.of(path)


def _zip(folder: Path, members: dict[str, bytes]) -> Source:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return Source.of(path)


# --- JSON ---------------------------------------------------------------------------------------------------


def test_items_of_a_json_list_know_their_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.json", b'[\n {"a": 1},\n\n {"a":\n 2}, {"a": 3}]')

    assert [(row.line, row.data["a"]) for row in json_rows(path)] == [(2, 1), (4, 2), (5, 3)]


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b'[\n {"a": 1}\n {"a": 2}]', 3, "2"),
        (b'[{"a": "x" "b"}]', 1, "12"),
        (b"[1, 2", 1, "6"),
        (b'{"a": "\xff"}', 1, "8"),
        (b"[" * 100_000, 1, ""),
    ],
)
def test_broken_json_is_refused_with_line_and_column(
    tmp_path: Path, content: bytes, line: int, column: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        list(json_rows(_file(tmp_path, "a.json", content)))

    assert (refused.value.refusal.line, refused.value.refusal.column) == (line, column)


def test_raw_line_breaks_inside_strings_are_let_through(tmp_path: Path) -> None:
    rows = list(json_rows(_file(tmp_path, "a.json", b'[{"a": "one\ntwo"}]')))

    assert rows[0].data == {"a": "one\ntwo"}


def test_json_that_is_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        list(json_rows(_file(tmp_path, "a.json", b'{"a": 1}')))


def test_json_lines_skip_empty_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}')

    assert [(row.line, row.data["a"]) for row in jsonl_rows(path)] == [(1, 1), (3, 2)]


def test_objects_without_separators_are_refused_not_half_read(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        list(jsonl_rows(_file(tmp_path, "a.jsonl", b'{"a": 1}{"a": 2}')))

    assert refused.value.refusal.line == 1


def test_an_empty_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (_file(tmp_path, "a.json", b""), Source.of(tmp_path / "nothing.json")):
        with pytest.raises(FileRefused):
            list(json_rows(path))


# --- archives -----------------------------------------------------------------------------------------------


def test_members_come_in_name_order(tmp_path: Path) -> None:
    path = _zip(tmp_path, {"b.json": b"2", "a.json": b"1", "c.txt": b"3"})

    assert list(zip_members(path, suffix=".json")) == [("a.json", b"1"), ("b.json", b"2")]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = _zip(tmp_path, {"bomb.json": b"0" * (20 << 20)})
    assert path.path.stat().st_size < 100_000

    with pytest.raises(FileRefused, match="densely"):
        list(zip_members(path, suffix=".json"))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        list(zip_members(_file(tmp_path, "a.zip", b"PK\x03\x04 nonsense"), suffix=".json"))


# --- tables -------------------------------------------------------------------------------------------------

CHINESE = "企业名称,统一社会信用代码,城市\n青岚理工大学,91110108000000000A,成都\n玉河技术转移中心,91110108000000001B,北京\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("gb18030", "gb18030"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig")],
)
def test_the_encoding_of_a_chinese_list_is_recognised(tmp_path: Path, encoding: str, expected: str) -> None:
    path = _file(tmp_path, "a.csv", (CHINESE * 3).encode(encoding))

    shape = propose_shape(path)

    assert (shape.encoding, shape.headers) == (expected, ("企业名称", "统一社会信用代码", "城市"))
    assert next(table_rows(path, shape)).data["企业名称"] == "青岚理工大学"


def test_big5_is_recognised(tmp_path: Path) -> None:
    text = "企業名稱,國家,城市\n臺灣測試機構,國家,臺北\n環境與發展研究學會,國家,臺中\n" * 3
    shape = propose_shape(_file(tmp_path, "a.csv", text.encode("big5")))

    assert (shape.encoding, shape.headers) == ("big5", ("企業名稱", "國家", "城市"))


def test_a_mac_file_with_bare_carriage_returns_is_read_line_by_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", "name,city\rCafé,Paris\rBob’s,Lyon".encode("mac-roman"))

    shape = propose_shape(path)

    assert (shape.encoding, shape.line_end) == ("mac-roman", "CR")
    rows = [(row.line, row.data["name"]) for row in table_rows(path, shape)]
    assert rows == [(2, "Café"), (3, "Bob’s")]


def test_a_stated_encoding_wins(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", "name\nКазань\n".encode("windows-1251"))

    shape = propose_shape(path, {"encoding": "windows-1251"})

    assert next(table_rows(path, shape)).data["name"] == "Казань"


def test_embedded_line_breaks_stay_in_their_cell(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", b'name,note\n"A","one\ntwo"\nB,x\n')

    rows = [(row.line, row.data["note"]) for row in table_rows(path, propose_shape(path))]

    assert rows == [(2, "one\ntwo"), (4, "x")]


@pytest.mark.parametrize("sign", [";", "\t", "|", ","])
def test_the_delimiter_is_recognised(tmp_path: Path, sign: str) -> None:
    path = _file(tmp_path, "a.csv", f"name{sign}city{sign}x\nA{sign}B{sign}C\n".encode())

    assert propose_shape(path).delimiter == sign


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="binary"):
        propose_shape(_file(tmp_path, "a.csv", b"\x00\x01\x02name,city\n"))


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", b"name,city\n" + b"x" * (9 << 20))

    with pytest.raises(FileRefused, match="4 MB"):
        list(table_rows(path, propose_shape(path)))


def test_a_spreadsheet_with_a_title_and_false_dimensions_is_read(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Members 2026"])
    book.active.append(["Name", "Land", "Stadt"])
    book.active.append(["Nordlicht", "DE", "Kiel"])
    book.active.append(["Havel", "DE", "Potsdam"])
    buffer = io.BytesIO()
    book.save(buffer)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b'<dimension ref="A1:C4"', b'<dimension ref="A1:AMK1048576"')
            new.writestr(info.filename, content)

    source = Source.of(path)
    shape = propose_shape(source)

    assert (shape.header_line, shape.headers) == (2, ("Name", "Land", "Stadt"))
    assert [(row.line, row.data["Name"]) for row in table_rows(source, shape)] == [
        (3, "Nordlicht"),
        (4, "Havel"),
    ]


def test_a_row_far_below_is_read_and_one_beyond_every_sheet_refused(tmp_path: Path) -> None:
    far, beyond = tmp_path / "far.xlsx", tmp_path / "beyond.xlsx"
    for path, line in ((far, 5000), (beyond, 1_048_577)):
        book = Workbook()
        book.active.append(["Name", "Land"])
        book.active.cell(5000, 1, "Nordlicht")
        buffer = io.BytesIO()
        book.save(buffer)
        with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                content = (
                    old.read(info).replace(b'"5000"', b'"%d"' % line).replace(b'"A5000"', b'"A%d"' % line)
                )
                new.writestr(info.filename, content)

    found = list(table_rows(Source.of(far), propose_shape(Source.of(far))))

    assert [(row.line, row.data["Name"]) for row in found] == [(5000, "Nordlicht")]
    with pytest.raises(FileRefused, match="damaged"):
        list(table_rows(Source.of(beyond), propose_shape(Source.of(beyond))))


def test_what_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        propose_shape(_file(tmp_path, "a.xlsx", b"not a spreadsheet"))


@pytest.mark.parametrize(
    "encoding", ["punycode", "idna", "utf-7", "UTF7", "unicode_escape", "raw-unicode-escape"]
)
def test_a_codec_no_table_is_written_in_is_refused(tmp_path: Path, encoding: str) -> None:
    path = _file(tmp_path, "a.csv", b"name+2AA-,country\nAb,PL\n")

    with pytest.raises(FileRefused, match="not an encoding that is known"):
        propose_shape(path, {"encoding": encoding})


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path: Path, end: bytes) -> None:
    path = _file(tmp_path, "a.csv", b'name,country\nAb,PL\n"Cd,PL\nEf,PL\nGh,PL' + end)

    with pytest.raises(FileRefused) as refused:
        list(table_rows(path, propose_shape(path)))

    assert refused.value.refusal.line == 3


def test_a_quote_closed_on_the_last_line_is_read(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", b'name,country\nAb,"P\nL"')

    assert [row.data for row in table_rows(path, propose_shape(path))] == [{"name": "Ab", "country": "P\nL"}]
