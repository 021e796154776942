"""ROR releases: our own small records in the shape of schema 2.1."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from serai.core.errors import Conflict
from serai.core.imports import framework
from serai.core.models import AuditEntry, ImportRun
from serai.directory.identifiers import normalise
from serai.directory.importers.ror.records import is_ror_id
from serai.directory.models import Identifier, Organisation, OrganisationName, Relation
from tests.factories import make_organisation, make_user

pytestmark = pytest.mark.django_db

A, B, C = "https://ror.org/00k4h2615", "https://ror.org/05dxps055", "https://ror.org/03yrm5c26"


def _record(ref: str, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": ref,
        "status": "active",
        "names": [
            {"value": name, "types": ["ror_display", "label"], "lang": "en"},
            {"value": f"{name} (alias)", "types": ["alias"], "lang": None},
        ],
        "types": ["education", "funder"],
        "locations": [
            {
                "geonames_id": 1,
                "geonames_details": {"country_code": "PL", "name": "Kraków", "lat": 50.0, "lng": 20.0},
            }
        ],
        "links": [{"type": "website", "value": "https://example.org"}],
        "external_ids": [{"type": "wikidata", "all": ["Q1"], "preferred": "Q1"}],
        "relationships": [],
        "domains": [],
        "established": 1900,
        "admin": {"last_modified": {"date": "2026-01-01"}},
        **changes,
    }


def _zip(folder: Path, name: str, *records: Any) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"r/{number:03d}.json", json.dumps(record))
    return path


def _run(path: Path, **options: Any) -> ImportRun:
    request = framework.Request("ror", path, path.name, {}, **options)
    return framework.run_import(request=request, by=None)


def _figures(run: ImportRun) -> tuple[int, int, int, int, int]:
    return (run.read, run.created, run.updated, run.unchanged, run.refused)


def test_check_digits_of_identifiers() -> None:
    assert [is_ror_id(ref.rsplit("/", 1)[1]) for ref in (A, B, C)] == [True, True, True]
    assert not is_ror_id("00k4h2616")


def test_a_release_is_created_updated_and_left_alone(tmp_path: Path) -> None:
    first = _zip(tmp_path, "1.zip", _record(A, "Alpha"), _record(B, "Beta"))
    later = {"admin": {"last_modified": {"date": "2026-02-01"}}}
    second = _zip(
        tmp_path, "2.zip", _record(A, "Alpha New", **later), _record(B, "Beta"), _record(C, "Gamma")
    )

    assert _figures(_run(first)) == (2, 2, 0, 0, 0)
    assert _figures(_run(second)) == (3, 1, 1, 1, 0)
    assert _figures(_run(second)) == (3, 0, 0, 3, 0)
    assert _figures(_run(first)) == (2, 0, 0, 2, 0)  # an older release changes nothing back
    assert sorted(Organisation.objects.values_list("name", flat=True)) == ["Alpha New", "Beta", "Gamma"]


def test_names_keep_their_language_or_none(tmp_path: Path) -> None:
    _run(_zip(tmp_path, "1.zip", _record(A, "Alpha")))

    names = OrganisationName.objects.values_list("text", "language", "kind").order_by("text")
    assert list(names) == [("Alpha", "en", "label"), ("Alpha (alias)", "", "alias")]


def test_same_names_stay_separate(tmp_path: Path) -> None:
    _run(_zip(tmp_path, "1.zip", _record(A, "Same"), _record(B, "Same")))

    assert Organisation.objects.filter(name="Same").count() == 2


def test_withdrawn_records_are_tombstones_that_point_to_their_successor(tmp_path: Path) -> None:
    successor = {"type": "successor", "id": B, "label": "Beta"}
    _run(
        _zip(
            tmp_path,
            "1.zip",
            _record(A, "Alpha", status="withdrawn", relationships=[successor]),
            _record(B, "Beta"),
        )
    )

    old = Organisation.objects.get(source_ref="00k4h2615")
    assert (old.status, old.successor.name if old.successor else "") == ("withdrawn", "Beta")


def test_a_relation_waits_for_the_record_it_names(tmp_path: Path) -> None:
    parent = {"type": "parent", "id": B, "label": "Beta"}
    _run(_zip(tmp_path, "1.zip", _record(A, "Alpha", relationships=[parent])))
    assert not Relation.objects.exists()

    _run(_zip(tmp_path, "2.zip", _record(B, "Beta")))

    relation = Relation.objects.get()
    assert (relation.source.name, relation.kind, relation.target.name) == ("Alpha", "parent", "Beta")


@pytest.mark.parametrize(
    ("record", "column"),
    [
        ({**_record(A, "x"), "id": "https://ror.org/00k4h2616"}, "id"),
        ({**_record(A, "x"), "id": "nonsense"}, "id"),
        ({**_record(A, "x"), "status": "other"}, "status"),
        ({**_record(A, "x"), "names": []}, "names"),
        ("text", ""),
    ],
)
def test_a_wrong_record_is_refused_with_its_reason_and_the_others_taken(
    tmp_path: Path, record: Any, column: str
) -> None:
    run = _run(_zip(tmp_path, "1.zip", record, _record(B, "Beta")))

    assert _figures(run) == (2, 1, 0, 0, 1)
    refusal = run.refusals.get()
    assert (refusal.file, refusal.line, refusal.column) == ("r/000.json", 1, column)


def test_a_broken_member_refuses_the_archive_and_writes_nothing(tmp_path: Path) -> None:
    path = _zip(tmp_path, "1.zip", _record(A, "Alpha"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("r/999.json", '{"id": ')

    run = _run(path)

    assert (run.status, run.refusals.get().line, Organisation.objects.count()) == ("refused", 1, 0)


def test_a_dry_run_reports_and_keeps_nothing(tmp_path: Path) -> None:
    run = _run(_zip(tmp_path, "1.zip", _record(A, "Alpha")), dry_run=True)

    assert (_figures(run), Organisation.objects.count()) == ((1, 1, 0, 0, 0), 0)


def test_an_import_is_undone_as_one(tmp_path: Path) -> None:
    later = {"admin": {"last_modified": {"date": "2026-02-01"}}}
    _run(_zip(tmp_path, "1.zip", _record(A, "Alpha")))
    run = _run(_zip(tmp_path, "2.zip", _record(A, "Changed", **later), _record(B, "Beta")))

    framework.undo_import(run=run, by=None)

    organisation = Organisation.objects.get()
    names = sorted(organisation.names.values_list("text", flat=True))
    assert (organisation.name, names) == ("Alpha", ["Alpha", "Alpha (alias)"])
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("at")) == [
        "core.file_imported",
        "core.file_imported",
        "core.import_undone",
    ]


def test_an_import_whose_records_were_changed_since_is_not_undone(tmp_path: Path) -> None:
    from serai.core import audit

    run = _run(_zip(tmp_path, "1.zip", _record(A, "Alpha")))
    audit.record(actor=make_user(), action="directory.changed", obj=Organisation.objects.get())

    with pytest.raises(Conflict):
        framework.undo_import(run=run, by=None)


def test_an_import_in_batches_goes_on_where_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framework, "BATCH", 1)
    path = _zip(tmp_path, "1.zip", _record(A, "Alpha"), _record(B, "Beta"), _record(C, "Gamma"))

    class Killed(Exception):  # noqa: N818
        pass

    def kill(read: int) -> None:
        if read == 2:
            raise Killed

    request = framework.Request("ror", path, path.name, {}, batches=True)
    with pytest.raises(Killed):
        framework.run_import(request=request, by=None, progress=kill)
    assert Organisation.objects.count() == 2

    run = framework.run_import(request=request, by=None)

    assert (_figures(run), Organisation.objects.count()) == ((3, 3, 0, 0, 0), 3)


CSV = (
    "Issue title,Record ID,Related ID,Relationship of Related ID to Record ID\n"
    f'"two\nlines",{A},{B},Parent\n'
    f"back,{B},{A},Child\n"
    f"gone,{A},{C},Related\n"
    f"gone,{A},{C},Delete\n"
    f"wrong,{A},nonsense,Parent\n"
)


def test_the_relationship_table_is_read_to_the_row_and_twice_changes_nothing(tmp_path: Path) -> None:
    _run(_zip(tmp_path, "1.zip", _record(A, "Alpha"), _record(B, "Beta"), _record(C, "Gamma")))
    path = tmp_path / "r.csv"
    path.write_text(CSV)

    first, second = _run(path), _run(path)

    assert _figures(first) == (5, 1, 0, 3, 1)
    assert _figures(second) == (5, 0, 0, 4, 1)
    assert first.refusals.get().line == 7
    assert [(r.source.name, r.kind, r.target.name) for r in Relation.objects.all()] == [
        ("Alpha", "parent", "Beta")
    ]


def test_a_record_that_stands_twice_is_taken_once_and_reading_again_changes_nothing(tmp_path: Path) -> None:
    path = _zip(tmp_path, "1.zip", _record(A, "Alpha"), _record(A, "Another"))

    assert [_figures(_run(path)), _figures(_run(path))] == [(2, 1, 0, 0, 1), (2, 0, 0, 1, 1)]


def test_the_relationship_csv_is_undone_too(tmp_path: Path) -> None:
    _run(_zip(tmp_path, "1.zip", _record(A, "Alpha"), _record(B, "Beta")))
    path = tmp_path / "r.csv"
    path.write_text(f"Record ID,Related ID,Relationship of Related ID to Record ID\n{A},{B},Parent\n")
    run = _run(path)
    assert Relation.objects.count() == 1

    framework.undo_import(run=run, by=None)

    assert Relation.objects.count() == 0


@pytest.mark.parametrize("entered", ["before the first release", "between two"])
def test_an_identifier_somebody_entered_stops_no_release(tmp_path: Path, entered: str) -> None:
    other, ref = make_organisation(name="Entered by hand"), normalise("ror", A)
    if entered == "between two":
        _run(_zip(tmp_path, "1.zip", _record(A, "Alpha")))
        Identifier.objects.filter(scheme="ror", value=ref).delete()
    claimed = Identifier.objects.create(organisation=other, scheme="ror", value=ref)

    run = _run(_zip(tmp_path, "2.zip", _record(A, "Alpha, renamed")))

    assert run.refused == 0
    claimed.refresh_from_db()
    assert claimed.is_contested
    held = Identifier.objects.get(scheme="ror", value=ref, is_contested=False)
    assert held.organisation.source == "ror"
