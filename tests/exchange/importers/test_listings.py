import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from serai.core.imports import framework
from serai.core.models import ImportRun, Link
from serai.exchange.models import Listing, ListingContact, ListingDetail, ListingTeaser

pytestmark = pytest.mark.django_db


def _run(path: Path, name: str, **options: Any) -> ImportRun:
    return framework.run_import(request=framework.Request(name, path, path.name, options), by=None)


def _lines(folder: Path, *lines: Any) -> Path:
    path = folder / "a.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def _figures(run: ImportRun) -> tuple[int, int, int, int, int]:
    return (run.read, run.created, run.updated, run.unchanged, run.refused)


# --- our own format -----------------------------------------------------------------------------------------


def test_the_smallest_line_becomes_a_published_listing(tmp_path: Path) -> None:
    run = _run(
        _lines(tmp_path, {"id": "1", "lang": "de", "text": "Wir suchen Partner. Wasser ist knapp."}),
        "listings",
    )

    listing, teaser = Listing.objects.get(), ListingTeaser.objects.get()
    assert _figures(run) == (1, 1, 0, 0, 0)
    assert (listing.status, listing.direction, teaser.language) == ("published", "offer", "de")
    assert Link.objects.get().target_id == listing.pk


def test_a_later_file_updates_and_the_same_changes_nothing(tmp_path: Path) -> None:
    _run(_lines(tmp_path, {"id": "1", "text": "One text here."}), "listings")

    assert _figures(_run(_lines(tmp_path, {"id": "1", "text": "One text here."}), "listings")) == (
        1,
        0,
        0,
        1,
        0,
    )
    assert _figures(_run(_lines(tmp_path, {"id": "1", "text": "Another text."}), "listings")) == (
        1,
        0,
        1,
        0,
        0,
    )
    assert ListingTeaser.objects.get().summary == "Another text."


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ({"text": "x"}, "id"),
        ({"id": "1"}, "text"),
        ({"id": "1", "text": "x", "direction": "both"}, "direction"),
        ({"id": "1", "text": "x", "trl": 12}, "trl"),
        ({"id": "1", "text": "x", "trl": True}, "trl"),
        ({"id": "1", "text": "x", "sdgs": [18]}, "sdgs"),
        ({"id": "1", "text": "x", "deadline": "soon"}, "deadline"),
        ({"id": "1", "text": "x", "partnerships": ["marriage"]}, "partnerships"),
        ({"id": "1", "text": "x", "organisation": {"ror": "https://ror.org/00k4h2615"}}, "organisation"),
        ([1, 2], ""),
    ],
)
def test_a_wrong_line_is_refused_at_its_field(tmp_path: Path, line: Any, column: str) -> None:
    run = _run(_lines(tmp_path, {"id": "0", "text": "A good line."}, line), "listings")

    refusal = run.refusals.get()
    assert (_figures(run), refusal.line, refusal.column) == ((2, 1, 0, 0, 1), 2, column)


def test_a_line_that_is_no_json_refuses_the_file_whole(tmp_path: Path) -> None:
    run = _run(_lines(tmp_path, {"id": "0", "text": "A good line."}, '{"id": '), "listings")

    assert (run.status, run.refusals.get().line, Listing.objects.count()) == ("refused", 2, 0)


def test_addresses_inside_texts_are_found_and_not_published(tmp_path: Path) -> None:
    text = "Good technology. Write to jane.doe@example.org for more. " * 3
    _run(_lines(tmp_path, {"id": "1", "text": text}), "listings")

    public = str(list(ListingTeaser.objects.values())) + str(list(ListingDetail.objects.values()))
    assert "jane.doe" not in public
    assert ListingContact.objects.get().note == "jane.doe@example.org"


def test_a_passed_deadline_makes_an_expired_listing(tmp_path: Path) -> None:
    _run(_lines(tmp_path, {"id": "1", "text": "Old need.", "deadline": "2018-03-21"}), "listings")

    assert Listing.objects.get().status == "expired"


def test_an_import_of_listings_is_undone_as_one(tmp_path: Path) -> None:
    run = _run(_lines(tmp_path, {"id": "1", "text": "One text here."}), "listings")

    framework.undo_import(run=run, by=None)

    assert (Listing.objects.count(), Link.objects.count()) == (0, 0)


# --- SBIR and NASA: small files of our own in their shape -----------------------------------------------------

HEADERS = [
    "Topic Name",
    "Description",
    "Agency",
    "Phase",
    "Program",
    "Release Date",
    "Open Date",
    "Close Date",
    "URL",
]


def _sbir(folder: Path, *rows: list[str]) -> Path:
    book = Workbook()
    for row in [HEADERS, *rows]:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def _topic(title: str, description: str, close: str = "March 21, 2018") -> list[str]:
    return [
        title,
        description,
        "Department of X,Navy,Department of X",
        "Phase I",
        "SBIR",
        "December 21, 2017",
        "",
        close,
        "",
    ]


def test_topics_become_requests_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    path = _sbir(
        tmp_path,
        _topic("Quiet pumps", "Pumps &amp; valves. Ask bob@navy.example for details."),
        _topic("Empty", ""),
        _topic("Wrong date", "Text.", "21.3.2018"),
        _topic("Quiet pumps", "The same topic again."),
    )

    first, second = _run(path, "sbir"), _run(path, "sbir")

    assert _figures(first) == (4, 1, 0, 0, 3)
    assert _figures(second) == (4, 0, 0, 1, 3)
    assert [(r.line, r.column) for r in first.refusals.order_by("pk")] == [
        (3, "Description"),
        (4, "Close Date"),
        (5, ""),
    ]
    listing = Listing.objects.get()
    assert (listing.direction, listing.status, listing.organisation.name) == (
        "request",
        "expired",
        "Department of X, Navy",
    )
    assert ListingTeaser.objects.get().summary == "Pumps & valves. Ask […] for details."


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["One", "Two"])
    book.active.append(["a", "b"])
    book.save(tmp_path / "a.xlsx")

    assert _run(tmp_path / "a.xlsx", "sbir").status == "refused"


def test_a_software_catalogue_becomes_offers(tmp_path: Path) -> None:
    entry = {
        "Software": "Gridmaker",
        "Description": "Makes grids.",
        "NASA Center": "GRC",
        "Update_Date": "2014-04-15",
        "Categories": ["Grids"],
        "License": ["Open"],
        "External Link": "https://example.org",
    }
    path = tmp_path / "catalog.json"
    path.write_text(
        json.dumps([entry, {**entry, "Software": ""}, {**entry, "Software": "B", "Update_Date": "soon"}])
    )

    run = _run(path, "nasa")

    assert _figures(run) == (3, 1, 0, 0, 2)
    listing = Listing.objects.get()
    assert (listing.direction, listing.ip_status, listing.organisation.name) == (
        "offer", "open", "NASA Glenn Research Center",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a.b@example.org", "a.b@example.org"),
        ("a.b＠example.org", "a.b＠example.org"),
        ("a.b [at] example.org", "a.b [at] example.org"),
        ("+49 431 5550001", "+49 431 5550001"),
        ("Tel: 0431 555001", "0431 555001"),
        ("电话：010-5555-0001", "010-5555-0001"),
    ],
)
def test_every_spelling_of_an_address_is_kept_from_the_public_text(
    tmp_path: Path, written: str, kept: str
) -> None:
    _run(_lines(tmp_path, {"id": "1", "text": f"We offer water. Write to {written} now."}), "listings")

    assert (kept in ListingTeaser.objects.get().summary, ListingContact.objects.get().note) == (False, kept)
