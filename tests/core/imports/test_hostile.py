"""Files made to hurt: whatever the bytes, an import ends with a report or a refusal, and a refusal leaves nothing."""

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from serai.core.imports import framework
from serai.core.imports.rows import Source
from serai.core.models import ImportRun
from serai.directory.models import Organisation
from serai.exchange.models import Listing
from tests import factories

pytestmark = pytest.mark.django_db
CHECKED = {
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    "deadline": None,
}

# --- what strangers put into cells ------------------------------------------------------------------------------

NASTY = st.sampled_from(
    ["", "\0", "=1+1", "@SUM(A1)", "\u202egnp.exe", "\u200b", "\ud800", "a" * 5000, "\u3000", "１２", "null", "NaN", "9.1E+17", "'; DROP--", "<b>x</b>", "a@b.cn"]
)  # fmt: skip
WORD = st.one_of(NASTY, st.text(max_size=30))
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True, allow_infinity=True),
    WORD,
)
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3), max_leaves=8
)

ROR = {
    "id": "https://ror.org/00k4h2615",
    "status": "active",
    "names": [{"value": "Alpha", "types": ["ror_display", "label"], "lang": "en"}],
    "types": ["education"],
    "locations": [{"geonames_details": {"country_code": "PL", "name": "Kraków", "lat": 50.0, "lng": 20.0}}],
    "links": [{"type": "website", "value": "https://example.org"}],
    "external_ids": [{"type": "wikidata", "all": ["Q1"], "preferred": "Q1"}],
    "relationships": [{"type": "parent", "id": "https://ror.org/05dxps055"}],
    "domains": ["example.org"],
    "established": 1900,
    "admin": {"last_modified": {"date": "2026-01-01"}},
}
NASA = {"Software": "A", "Description": "B", "NASA Center": "JPL", "Categories": ["c"], "License": ["MIT"], "Update_Date": "2020-01-01", "External Link": "https://example.org"}  # fmt: skip
SBIR = {"topic_name": "A", "description": "B", "agency": "Navy,Navy", "release_date": "2018-01-01", "close_date": "March 21, 2018", "url": "x", "program": "SBIR"}  # fmt: skip
LISTING = {"id": "1", "text": "We offer water.", "lang": "en", "title": "T", "kind": "technology", "keywords": ["a"], "deadline": "2030-01-01", "trl": 4, "sdgs": [6], "organisation": {"name": "House"}, "partnerships": ["licence"], "work_languages": ["en"], "sectors": ["C20"], "ip_status": "granted"}  # fmt: skip


def _spoilt(record: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {**record, **changes}


def _records(record: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    """A list of sound records with one or two parts replaced by anything, and things that are no record."""
    part = st.dictionaries(st.sampled_from(sorted(record)), JSON, max_size=2)
    return st.lists(
        st.one_of(part.map(lambda changes: _spoilt(record, changes)), JSON), min_size=1, max_size=4
    )


def _as_json(records: Any) -> bytes:
    return json.dumps(records).encode()


def _as_lines(records: list[Any]) -> bytes:
    return "\n".join(json.dumps(r) for r in records).encode()


def _as_archive(records: list[Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}.json", json.dumps(record))
    return buffer.getvalue()


def _as_sheet(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append([_writable(cell) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _writable(cell: Any) -> Any:
    """What openpyxl can write; what it cannot, nobody can have in a sheet either."""
    if isinstance(cell, str):
        return "".join(c for c in cell if c.isprintable())
    return cell if cell is None or (isinstance(cell, bool | int) and abs(cell) < 10**15) else str(cell)


HEADERS = st.lists(
    st.one_of(st.sampled_from(["name", "企业名称", "country", "统一社会信用代码", "id", "text", "Titel", "Beschreibung", "trl", "deadline", "kind", "keywords", "sdgs"]), WORD),
    min_size=1, max_size=6,
)  # fmt: skip
TABLE = st.tuples(HEADERS, st.lists(st.lists(SCALAR, max_size=7), max_size=5)).map(lambda t: [t[0], *t[1]])


def _as_csv(rows: list[list[Any]]) -> bytes:
    return "\r\n".join(",".join(str(c) for c in row) for row in rows).encode("utf-8", "surrogatepass")


FILES: dict[str, list[tuple[str, st.SearchStrategy[bytes]]]] = {
    "ror": [("a.json", _records(ROR).map(_as_json)), ("a.zip", _records(ROR).map(_as_archive)), ("a.csv", TABLE.map(_as_csv))],
    "nasa": [("a.json", _records(NASA).map(_as_json))],
    "sbir": [("a.json", _records(SBIR).map(_as_json)), ("a.xlsx", TABLE.map(_as_sheet))],
    "listings": [("a.jsonl", _records(LISTING).map(_as_lines)), ("a.csv", TABLE.map(_as_csv)), ("a.xlsx", TABLE.map(_as_sheet))],
    "members": [("a.csv", TABLE.map(_as_csv)), ("a.xlsx", TABLE.map(_as_sheet))],
}  # fmt: skip
CASES = [(format, name, made) for format, files in FILES.items() for name, made in files]
IDS = [f"{format} {name}" for format, name, _made in CASES]


def _survives(folder: Path, format: str, name: str, content: bytes) -> None:
    """The import ends, every row is accounted for, a refused file leaves nothing, and it does the same again."""
    path = folder / name
    path.write_bytes(content)
    with transaction.atomic():
        run = _run(format, path)
        assert run.read == run.created + run.updated + run.unchanged + run.refused
        assert len(framework.report(run)["refused"]) == run.refused
        if run.status == ImportRun.Status.REFUSED:
            assert (Organisation.objects.count(), Listing.objects.count()) == (0, 0)
        else:
            again = _run(format, path)
            assert (again.created, again.updated, again.read) == (0, 0, run.read)
        transaction.set_rollback(True)
    _proposes(format, path)


def _run(format: str, path: Path) -> ImportRun:
    return framework.run_import(request=framework.Request(format, path, path.name, {}), by=None)


def _proposes(format: str, path: Path) -> None:
    """The first look ends too, with rows to show or words to say."""
    importer = framework.importer_named(format)
    with suppress(framework.FileRefused):
        importer.propose(Source.of(path), importer.settle({}, None))


@pytest.mark.parametrize(("format", "name", "made"), CASES, ids=IDS)
def test_whatever_stands_in_a_file_every_row_is_accounted_for(
    format: str, name: str, made: st.SearchStrategy[bytes], tmp_path: Path
) -> None:
    factories.make_place("US")

    @settings(max_examples=20, derandomize=True, **CHECKED)  # type: ignore[arg-type]
    @given(content=made)
    def check(content: bytes) -> None:
        _survives(tmp_path, format, name, content)

    check()


RAW = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"\xff\xfe", b"\xef\xbb\xbf", b"PK\x03\x04", b"{", b"[", b'"', b"\r\r\r", b"\n" * 50, b',";\t|' * 9]),
)  # fmt: skip


@pytest.mark.parametrize(("format", "name", "made"), CASES, ids=IDS)
def test_whatever_the_bytes_a_file_is_read_or_refused(
    format: str, name: str, made: st.SearchStrategy[bytes], tmp_path: Path
) -> None:
    @settings(max_examples=20, derandomize=True, **CHECKED)  # type: ignore[arg-type]
    @given(content=RAW)
    def check(content: bytes) -> None:
        _survives(tmp_path, format, name, content)

    check()


@pytest.mark.slow
@pytest.mark.parametrize(("format", "name", "made"), CASES, ids=IDS)
def test_whatever_stands_in_a_file_at_length(
    format: str, name: str, made: st.SearchStrategy[bytes], tmp_path: Path
) -> None:
    factories.make_place("US")

    @settings(max_examples=400, **CHECKED)  # type: ignore[arg-type]
    @given(content=st.one_of(made, RAW))
    def check(content: bytes) -> None:
        _survives(tmp_path, format, name, content)

    check()
