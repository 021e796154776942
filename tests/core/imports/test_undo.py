"""Taking back what an import changed: every value as it was, and as many questions for thirty rows as for three."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from psycopg.errors import DeadlockDetected

from serai.core.imports import actions, framework
from serai.core.imports.framework import Request, run_import, undo_import
from serai.core.models import ImportRun
from serai.directory.models import Identifier, Organisation, OrganisationName, Relation
from serai.exchange.models import Listing, ListingContact, ListingDetail, ListingTeaser
from tests import factories

pytestmark = pytest.mark.django_db
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def _ror_id(number: int) -> str:
    letters = "".join(LETTERS[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))
    return f"https://ror.org/0{letters}{98 - number * 100 % 97:02d}"


def _records(path: Path, count: int, mark: str) -> Path:
    records = [
        {
            "id": _ror_id(n),
            "status": "active",
            "names": [
                {"value": f"Institute {n}{mark}", "lang": "en", "types": ["ror_display", "label"]},
                {"value": f"Institut {n}{mark}", "lang": "de", "types": ["label"]},
            ],
            "types": ["education", "funder"],
            "established": 1900 + len(mark),
            "locations": [
                {"geonames_details": {"country_code": "DE", "name": "Kiel", "lat": 54.3, "lng": 10.1}}
            ],
            "external_ids": [{"type": "grid", "all": [f"grid.{n}.1{len(mark)}"], "preferred": None}],
            "relationships": [
                {"type": "parent" if mark else "related", "label": "x", "id": _ror_id(n + 1 - 2 * (n % 2))}
            ],
        }
        for n in range(2, count + 2)
    ]
    path.write_text(json.dumps(records), "utf-8")
    return path


def _members(path: Path, count: int, mark: str) -> Path:
    lines = [
        f"{n},Member {n}{mark},DE,{'Kiel' if mark else 'Lübeck'},19{len(mark):02d}" for n in range(count)
    ]
    path.write_text("number,name,country,city,founded\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def _listings(path: Path, count: int, mark: str) -> Path:
    lines = [
        {
            "id": str(n),
            "title": f"Pump {n}{mark}",
            "summary": f"A pump.{mark}",
            "text": f"A pump for sea water{mark}; ask pump{n}@example.org for more.",
            "lang": "en",
            "organisation": "Works",
            "keywords": ["pump", mark or "old"],
            "trl": 5 + len(mark),
            "deadline": f"2031-0{1 + len(mark)}-01",
            "sdgs": [6, 9] if mark else [],
        }
        for n in range(count)
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return path


FORMATS: dict[str, tuple[Callable[[Path, int, str], Path], str]] = {
    "ror": (_records, "json"),
    "members": (_members, "csv"),
    "listings": (_listings, "jsonl"),
}
KEPT: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (Organisation, ("id", "name", "name_language", "kinds", "status", "country_id", "city", "latitude", "longitude",
                    "established", "website", "domains", "content_hash", "source_modified", "successor_id")),
    (OrganisationName, ("organisation_id", "text", "language", "kind")),
    (Identifier, ("organisation_id", "scheme", "value", "is_preferred", "is_contested")),
    (Relation, ("source_id", "kind", "target_id", "stated_by")),
    (Listing, ("id", "organisation_id", "direction", "kind", "status", "language", "trl", "sdgs", "deadline",
               "expires_on", "published_at", "content_hash")),
    (ListingTeaser, ("listing_id", "language", "title", "summary", "keywords")),
    (ListingDetail, ("listing_id", "language", "description")),
    (ListingContact, ("listing_id", "note")),
)  # fmt: skip


def _everything() -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for model, names in KEPT:
        found[model.__name__] = sorted(model.objects.values_list(*names), key=repr)
    return found


def _run(format: str, path: Path) -> ImportRun:
    return run_import(request=Request(format, path, path.name, {}), by=None)


def _changed(format: str, tmp_path: Path, count: int) -> tuple[ImportRun, dict[str, Any]]:
    make, ending = FORMATS[format]
    _run(format, make(tmp_path / f"a.{ending}", count, ""))
    before = _everything()
    run = _run(format, make(tmp_path / f"b.{ending}", count, "+"))
    assert (run.updated, run.refused, _everything() == before) == (count, 0, False)
    return run, before


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_changed_is_as_it_was(format: str, tmp_path: Path) -> None:
    run, before = _changed(format, tmp_path, 4)

    undo_import(run=run, by=None)

    assert _everything() == before


@pytest.mark.parametrize("format", FORMATS)
def test_the_undo_of_thirty_changes_asks_as_often_as_that_of_three(format: str, tmp_path: Path) -> None:
    counts = []
    for count in (3, 30):
        run, _before = _changed(format, tmp_path, count)
        with CaptureQueriesContext(connection) as queries:
            undo_import(run=run, by=None)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_step_that_met_somebody_elses_locks_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    steward = factories.make_steward()
    run = actions.start_import(
        format="members", upload=SimpleUploadedFile("a.csv", b"name\nNordlicht\n"), by=steward
    )
    actions.check_import(run=run, by=steward)
    take_in = framework.take_in

    def deadlock(*_arguments: Any) -> None:
        raise OperationalError from DeadlockDetected()

    monkeypatch.setattr(framework, "take_in", deadlock)
    actions.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempts, run.refused) == (ImportRun.Status.CHECKING, 1, 0)

    monkeypatch.setattr(framework, "take_in", take_in)
    actions.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.created) == (ImportRun.Status.CHECKED, 1)
