"""A quote that opens by mistake takes the rows below it into one cell; texts of several lines do not."""

from pathlib import Path

import pytest

from serai.core.imports.rows import FileRefused, Source
from serai.core.imports.tables import propose_shape, table_rows


def _source(folder: Path, text: str) -> Source:
    path = folder / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return Source.of(path)


def _read(source: Source) -> list[tuple[int, dict[str, str]]]:
    return [(row.line, row.data) for row in table_rows(source, propose_shape(source))]


HEAD = "nr,name,city,country\n1,Nordlicht,Kiel,DE\n"


@pytest.mark.parametrize(
    ("rows", "opened", "column", "closed"),
    [
        # closed by the next cell that is quoted: more text follows
        ('2,"Foo,Lyon,FR\n3,Bar,Pune,IN\n4,"Baz, Inc",Rome,IT\n', 3, "name", 5),
        # closed by another stray quote, at the end of a cell
        ('2,"Foo,Lyon,FR\n3,Bar,Pune,IN\n4,Baz",Rome,IT\n', 3, "name", 5),
        # in the row right below
        ('2,Foo,"Lyon,FR\n3,Bar,Pune",IN\n', 3, "city", 4),
        # rows of several widths between
        (
            '2,"Foo,Lyon,FR\n3,Bar,Pune,IN\n4,Baz,Rome,IT\n5,Qux,Oslo\n6,Fuu,Cusco,PE\n7,Zot",Lima,PE\n',
            3,
            "name",
            8,
        ),
        # a text of several lines, and behind it the quote
        ('2,"a\nb","Lyon,FR\n3,Bar,"Pune",IN\n', 4, "city", 5),
    ],
)
def test_a_stray_quote_is_refused_with_line_and_column(
    tmp_path: Path, rows: str, opened: int, column: str, closed: int
) -> None:
    with pytest.raises(FileRefused) as refused:
        _read(_source(tmp_path, HEAD + rows))

    refusal = refused.value.refusal
    assert (refusal.line, refusal.column, f"on line {closed} only" in str(refusal.reason)) == (
        opened,
        column,
        True,
    )


@pytest.mark.parametrize(
    "cell",
    [
        '"one\ntwo"',
        '"Street 1,\nBerlin, DE"',
        '"We build ""Foo"",\nand more, for all, and sundry"',
        '"a; b\nc; d" ',
        '"lists, with, commas\nmore, of, them\nand, more, still"',
    ],
)
def test_a_text_of_several_lines_is_one_cell(tmp_path: Path, cell: str) -> None:
    rows = _read(_source(tmp_path, f"{HEAD}2,{cell},Lyon,FR\n3,Bar,Pune,IN\n"))

    assert [data["country"] for _line, data in rows] == ["DE", "FR", "IN"]
    assert "\n" in rows[1][1]["name"]


def test_the_lines_of_a_tab_separated_cell_are_counted_by_tabs(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        _read(_source(tmp_path, 'a\tb\tc\n1\t"x\ty, z\n2\tu\tv"\n'))


def test_a_row_says_how_many_cells_stand_under_no_header(tmp_path: Path) -> None:
    source = _source(tmp_path, HEAD + "2,Foo, Inc,Lyon,FR\n3,Bar,Pune,IN,,\n")

    rows = list(table_rows(source, propose_shape(source)))

    assert [row.beyond for row in rows] == [0, 1, 0]
