import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from serai.core.errors import Invalid
from serai.core.imports import framework
from serai.core.imports.rows import Source
from serai.core.models import ImportRun
from serai.directory.importers.members import MembersImporter
from serai.directory.models import Identifier, Organisation

pytestmark = pytest.mark.django_db

# 91350100M000100Y43 is the example of the standard's text (GB 32100-2015).
LIST = "企业名称,统一社会信用代码,联系人,手机,邮箱,所属园区\n青岚理工,９１３５０１００M000100Y43,某人,013800138000,a@example.cn,海川科技园\n"


def _write(folder: Path, text: str, encoding: str = "gb18030") -> Path:
    path = folder / "members.csv"
    path.write_bytes(text.encode(encoding))
    return path


def _run(path: Path, **options: Any) -> ImportRun:
    return framework.run_import(request=framework.Request("members", path, path.name, options), by=None)


def test_columns_and_encoding_are_proposed(tmp_path: Path) -> None:
    proposal = MembersImporter().propose(Source.of(_write(tmp_path, LIST)), {})

    assert proposal.shape is not None
    assert (proposal.shape.encoding, dict(proposal.columns), proposal.personal) == (
        "gb18030",
        {"uscc": "统一社会信用代码", "name": "企业名称", "park": "所属园区"},
        ("联系人", "手机", "邮箱"),
    )


def test_codes_are_kept_as_text_with_usual_digits(tmp_path: Path) -> None:
    run = _run(_write(tmp_path, LIST), country="CN")

    assert (run.created, run.refused) == (1, 0)
    assert Identifier.objects.get().value == "91350100M000100Y43"
    assert Organisation.objects.get().country.code == "CN"  # type: ignore[union-attr]


def test_personal_columns_are_kept_nowhere(tmp_path: Path) -> None:
    _run(_write(tmp_path, LIST))

    everything = str(list(Organisation.objects.values())) + str(list(ImportRun.objects.values()))
    assert "013800138000" not in everything
    assert "example.cn" not in everything


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",91350100M000100Y43,,,,", "企业名称"),
        ("某企业,91350100M000100Y44,,,,", "统一社会信用代码"),
        ("某企业,9.1E+17,,,,", "统一社会信用代码"),
    ],
)
def test_a_wrong_row_is_refused_at_its_column(tmp_path: Path, row: str, column: str) -> None:
    run = _run(_write(tmp_path, LIST.split("\n")[0] + "\n" + row + "\n", "utf-8"))

    refusal = run.refusals.get()
    assert (refusal.line, refusal.column, Organisation.objects.count()) == (2, column, 0)


def test_names_saved_with_a_wrong_encoding_are_reported_not_guessed(tmp_path: Path) -> None:
    run = _run(_write(tmp_path, "name,city\nPanÃ¨ve,Paris\n", "utf-8"))

    assert (run.refused, run.refusals.get().column) == (1, "name")


def test_reading_a_list_twice_changes_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path, "name,city,country\nA,Kiel,DE\nB,Lyon,FRA\n", "utf-8")

    assert (_run(path).created, _run(path).unchanged) == (2, 2)


def test_the_same_organisation_twice_in_a_list_is_refused_the_second_time(tmp_path: Path) -> None:
    run = _run(_write(tmp_path, "name,country\nA,DE\nA,DE\n", "utf-8"))

    assert (run.created, run.refusals.get().line) == (1, 3)


def test_columns_can_be_stated(tmp_path: Path) -> None:
    path = _write(tmp_path, "wer,wo\nNordlicht,Kiel\n", "utf-8")

    run = _run(path, **{"column.name": "wer", "column.city": "wo"})

    assert (run.created, Organisation.objects.get().city) == (1, "Kiel")


def test_without_a_name_column_the_list_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    run = _run(_write(tmp_path, "wer,wo\nNordlicht,Kiel\n", "utf-8"))

    assert (run.status, "column.name" in run.refusals.get().said) == ("refused", True)


def test_an_unknown_column_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        _run(_write(tmp_path, "name\nA\n", "utf-8"), **{"column.shoe": "name"})


# --- what is wrong, all of it; and what was taken otherwise ---------------------------------------------------------


def test_a_row_is_refused_once_with_everything_that_is_wrong(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        f"name,country,uscc,city\n{'x' * 501},Atlantis,123,Kiel\nNordlicht,DE,,Kiel\n",
        "utf-8",
    )

    run = _run(path)

    assert (run.read, run.created, run.refused) == (2, 1, 1)
    found = list(run.refusals.order_by("pk").values_list("kind", "line", "column"))
    assert found == [("refused", 2, "name"), ("further", 2, "uscc"), ("further", 2, "country")]
    (told,) = framework.report(run)["refused"]
    assert (told["column"], "500 characters" in told["reason"], "Atlantis" in told["reason"]) == (
        "name",
        True,
        True,
    )


def test_what_is_taken_otherwise_is_said(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "name,type,founded,website,city\nNordlicht,Brewery,long ago,none,Kiel\nHavel,university,1901,havel.example,Potsdam\n",
        "utf-8",
    )

    run = _run(path)

    assert (run.created, run.refused) == (2, 0)
    remarks = run.refusals.order_by("pk")
    assert [(r.kind, r.line, r.column, r.said) for r in remarks] == [
        ("remark", 2, "website", "“none” is not the address of a website; it was left out"),
        ("remark", 2, "founded", "“long ago” is not a year; it was left out"),
        ("remark", 2, "type", "the kind “Brewery” is not known here; it became “Other”"),
    ]
    assert framework.report(run)["refused"] == []
    assert Organisation.objects.get(name="Nordlicht").kinds == ["other"]


def test_one_bad_cell_of_a_sheet_refuses_its_row_and_no_other(tmp_path: Path) -> None:
    book = Workbook()
    for row in (
        ["Name", "Land", "Gegründet"],
        ["Nordlicht", "DE", 1990],
        ["Havel", "DE", 1991],
        ["Oder", "PL", 7],
    ):
        book.active.append(row)
    book.active["A5"] = "#N/A"
    buffer = io.BytesIO()
    book.save(buffer)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info).replace(b"<v>1991</v>", b"<v>19.9.1</v>"))

    run = _run(path)

    refused = list(run.refusals.filter(kind="refused").order_by("pk").values_list("line", "column"))
    assert (run.created, refused) == (2, [(3, "Gegründet"), (5, "Name")])


def test_a_row_with_a_cell_too_many_is_refused(tmp_path: Path) -> None:
    run = _run(_write(tmp_path, "name,country\nFoo, Inc,DE\nBar,DE\n", "utf-8"))

    assert (run.created, run.refused) == (1, 1)
    assert "more cells" in run.refusals.get(kind="refused").said


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Name der Einrichtung", "Webseite", "Land", "Ort"], ["name", "website", "country", "city"]),
        (
            ["Organisation name", "Web page", "Country/Region", "Headquarters"],
            ["name", "website", "country", "city"],
        ),
        (["Raison sociale", "Site internet", "Pays", "Siège"], ["name", "website", "country", "city"]),
        (["Razón social", "Página web", "País", "Localidad"], ["name", "website", "country", "city"]),
        (
            ["Полное наименование", "Официальный сайт", "Страна", "Город"],
            ["name", "website", "country", "city"],
        ),
        (["单位全称", "官方网站", "国家/地区", "所在城市"], ["name", "website", "country", "city"]),
        (["اسم الجهة", "الموقع الإلكتروني", "الدولة", "المدينة"], ["name", "website", "country", "city"]),
        (
            ["Name", "Gründungsjahr", "Art der Einrichtung", "Mitglieds-Nr."],
            ["name", "established", "kind", "number"],
        ),
    ],
)
def test_headers_are_recognised_in_the_languages_of_the_interface(
    tmp_path: Path, headers: list[str], expected: list[str]
) -> None:
    path = _write(tmp_path, ";".join(headers) + "\na;b;c;d\n", "utf-8")

    columns = MembersImporter().propose(Source.of(path), {}).columns

    assert columns == dict(zip(expected, headers, strict=True))


@pytest.mark.parametrize(
    "header", ["E-Mail-Adresse", "Téléphone", "ФИО", "联系电话", "البريد الإلكتروني", "Apellidos"]
)
def test_columns_that_name_people_are_known_in_every_language(tmp_path: Path, header: str) -> None:
    path = _write(tmp_path, f"Name,{header}\na,b\n", "utf-8")

    assert MembersImporter().propose(Source.of(path), {}).personal == (header,)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Universität", "university"),
        ("Hochschule", "university"),
        ("高校", "university"),
        ("Research Centre", "institute"),
        ("НИИ", "institute"),
        ("شركة", "firm"),
        ("PME", "sme"),
        ("Brewery", "other"),
    ],
)
def test_kinds_are_known_as_people_call_them(tmp_path: Path, word: str, kind: str) -> None:
    _run(_write(tmp_path, f"name,type\nNordlicht,{word}\n", "utf-8"))

    assert Organisation.objects.get().kinds == [kind]


def test_a_park_that_is_not_in_the_directory_is_said(tmp_path: Path) -> None:
    run = _run(_write(tmp_path, "name,park\nNordlicht,Nowhere Park\n", "utf-8"))

    (remark,) = run.refusals.all()
    assert (run.created, remark.kind, remark.line, remark.column) == (1, "remark", 2, "Science park")
    assert "Nowhere Park" in remark.said
