"""Importing in the browser and by the programming interface: who may, every step, and what goes wrong."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook

from serai.accounts import followers, notices
from serai.accounts.models import Notice, User
from serai.core import audit
from serai.core.errors import Conflict, NotAllowed
from serai.core.imports import actions
from serai.core.imports.said import Said
from serai.core.models import AuditEntry, ImportRun, StoredFile
from serai.directory.models import Organisation
from serai.exchange.models import Interest, Listing, ListingTeaser
from tests import factories

pytestmark = pytest.mark.django_db
S = ImportRun.Status
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MEMBERS = "企业名称,统一社会信用代码,手机\n青岚理工,91350100M000100Y43,013800138000\n某企业,91350100M000100Y44,1\n".encode(
    "gb18030"
)


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def _upload(
    client: Client, content: bytes, name: str = "会员.csv", format: str = "members", **values: Any
) -> Any:
    return client.post(
        "/imports/new/", {"format": format, "file": SimpleUploadedFile(name, content), **values}
    )


def _started(user: User, content: bytes = MEMBERS, name: str = "a.csv", format: str = "members") -> ImportRun:
    return actions.start_import(format=format, upload=SimpleUploadedFile(name, content), by=user)


def _step(step: Any, run: ImportRun, by: User) -> ImportRun:
    step(run=run, by=by)
    actions.work(run_id=run.pk)
    run.refresh_from_db()
    return run


def _done(user: User, **values: Any) -> ImportRun:
    run = _step(actions.check_import, _started(user, **values), user)
    return _step(actions.carry_out_import, run, user)


# --- the road -------------------------------------------------------------------------------------------------


def test_a_steward_brings_a_list_sees_how_it_is_read_tries_takes_in_and_takes_back() -> None:
    steward = factories.make_steward()
    client = _as(steward)

    url = _upload(client, MEMBERS)["Location"]
    page = client.get(url).content.decode()
    assert ("GB 18030" in page, "青岚理工" in page, "kept nowhere" in page) == (True, True, True)

    answer = client.post(
        f"{url}settings/",
        {"country": "中国", "column.name": "企业名称", "column.uscc": "统一社会信用代码", "go": "1"},
    )
    assert answer["Location"] == url
    run = ImportRun.objects.get()
    assert (run.status, run.options) == (S.CHECKING, {"country": "中国"})
    assert "Trying it" in client.get(url).content.decode()

    actions.work(run_id=run.pk)
    assert (Organisation.objects.count(), "nothing is kept yet" in client.get(url).content.decode()) == (
        0,
        True,
    )

    client.post(f"{url}carry-out/")
    actions.work(run_id=run.pk)
    organisation = Organisation.objects.get()
    assert (organisation.name, organisation.country and organisation.country.code) == ("青岚理工", "CN")
    assert str(organisation.pk) in client.get(f"{url}records/").content.decode()
    refused = b"".join(client.get(f"{url}refused.csv").streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert refused[1].startswith("会员.csv,3,统一社会信用代码,")

    client.post(f"{url}undo/")
    actions.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, Organisation.objects.count()) == (S.UNDONE, 0)
    assert list(AuditEntry.objects.order_by("at").values_list("action", flat=True)) == [
        "core.import_started",
        "core.import_settings_changed",
        "core.import_tried",
        "core.import_ended",
        "core.import_carried_out",
        "core.file_imported",
        "core.import_ended",
        "core.import_undo_asked",
        "core.import_undone",
        "core.import_ended",
    ]


def test_the_encoding_is_changed_and_the_columns_are_recognised_anew() -> None:
    steward = factories.make_steward()
    run = _started(steward, "name,city\nCafé,Kiel\n".encode())
    client = _as(steward)

    client.post(f"/imports/{run.pk}/settings/", {"encoding": "windows-1252", "column.name": "city"})

    run.refresh_from_db()
    assert run.options == {"encoding": "windows-1252"}
    assert "CafÃ©" in client.get(f"/imports/{run.pk}/").content.decode()


def test_what_was_chosen_stays_when_it_cannot_be_used() -> None:
    steward = factories.make_steward()
    run = _started(steward)

    answer = _as(steward).post(
        f"/imports/{run.pk}/settings/",
        {"country": "Atlantis", "list": "Mine", "column.name": "企业名称", "go": "1"},
    )

    page = answer.content.decode()
    assert (answer.status_code, "Atlantis" in page, "Mine" in page, "is not a country" in page) == (
        422,
        True,
        True,
        True,
    )
    assert ImportRun.objects.get().status == S.PROPOSED


def test_twice_is_once() -> None:
    steward = factories.make_steward()
    run = _step(actions.check_import, _started(steward), steward)
    client = _as(steward)

    for _turn in range(2):
        assert client.post(f"/imports/{run.pk}/carry-out/").status_code == 302
    actions.work(run_id=run.pk)
    actions.work(run_id=run.pk)

    assert (Organisation.objects.count(), AuditEntry.objects.filter(action="core.file_imported").count()) == (
        1,
        1,
    )
    assert _done(steward).unchanged == 1


# --- members bring their own listings -----------------------------------------------------------------------


def _sheet(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


OFFERS = _sheet(
    ["Angebote 2026"],
    ["Nr", "Titel", "Beschreibung", "Sprache", "Art", "TRL"],
    ["1", "Membran", "Wir bieten eine Membran. Fragen an a.b@example.org.", "de", "Angebot", 4],
    ["2", "Suche", "Wir suchen einen Partner für Wasser.", "de", "Gesuch", 12],
    ["3", "Suche", "Wir suchen einen Partner für Abwasser.", "de", "request", 3],
)


def test_a_member_brings_a_table_of_offers_as_drafts_of_the_own_organisation() -> None:
    home = factories.make_organisation(status="verified")
    member = factories.make_member(home)

    run = _done(member, content=OFFERS, name="angebote.xlsx", format="listings")

    assert (run.created, run.refused, run.refusals.get().column) == (2, 1, "TRL")
    found = Listing.objects.order_by("reference").values_list("organisation", "status", "direction", "owner")
    assert sorted(found, key=str) == sorted(
        [(home.pk, "draft", "offer", member.pk), (home.pk, "draft", "request", member.pk)], key=str
    )
    assert not ListingTeaser.objects.filter(summary__contains="@").exists()


def test_the_numbers_of_one_organisation_do_not_touch_the_listings_of_another() -> None:
    first, second = (factories.make_member(factories.make_organisation(status="verified")) for _ in range(2))

    figures = [
        _done(who, content=OFFERS, name="a.xlsx", format="listings").created for who in (first, second)
    ]

    assert (figures, Listing.objects.count()) == ([2, 2], 4)


def test_a_line_that_names_another_organisation_is_not_taken() -> None:
    member = factories.make_member(factories.make_organisation(status="verified"))
    factories.make_organisation(name="Somebody else")
    line = json.dumps({"id": "1", "text": "We offer water.", "organisation": "Somebody else"}).encode()

    run = _step(actions.check_import, _started(member, line, "a.jsonl", "listings"), member)

    assert (run.created, run.refusals.get().column) == (0, "organisation")


def test_a_published_listing_is_not_overwritten_by_its_owners_file() -> None:
    member = factories.make_member(factories.make_organisation(status="verified"))
    _done(member, content=OFFERS, name="a.xlsx", format="listings")
    Listing.objects.update(status="published", published_at=timezone.now(), expires_on="2030-01-01")

    changed = _sheet(["Nr", "Titel", "Beschreibung"], ["1", "Membran", "Anderer Text."])
    run = _step(actions.check_import, _started(member, changed, "b.xlsx", "listings"), member)

    assert (run.updated, run.refused, "no draft any more" in run.refusals.get().said) == (0, 1, True)


# --- who may --------------------------------------------------------------------------------------------------


def test_a_stranger_and_a_person_without_organisation_find_nothing() -> None:
    run = _started(factories.make_steward())

    for path in ("/imports/", "/imports/new/", f"/imports/{run.pk}/", f"/imports/{run.pk}/file/"):
        assert _as(factories.make_user()).get(path).status_code == 404
        assert Client().get(path).status_code == 302


def test_another_member_gets_the_404_of_what_is_not_there() -> None:
    run = _started(factories.make_member(factories.make_organisation()), OFFERS, "a.xlsx", "listings")
    other = _as(factories.make_member(factories.make_organisation()))

    for method in ("", "settings/", "progress/", "records/", "file/", "refused.csv"):
        assert other.get(f"/imports/{run.pk}/{method}").status_code == 404
    for step in ("try", "carry-out", "undo", "discard"):
        assert other.post(f"/imports/{run.pk}/{step}/").status_code == 404
    assert other.get("/api/v1/imports").json()["items"] == []
    assert other.get(f"/api/v1/imports/{run.pk}").status_code == 404


def test_a_member_may_not_import_what_stewards_import() -> None:
    member = factories.make_member(factories.make_organisation())

    assert _upload(_as(member), MEMBERS).status_code == 422
    with pytest.raises(NotAllowed):
        _started(member)
    assert (ImportRun.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_rights_that_ended_end_the_import() -> None:
    steward = factories.make_steward()
    run = _started(steward)
    actions.check_import(run=run, by=steward)
    steward.node_roles.all().delete()

    actions.work(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.refusals.get().said) == (S.REFUSED, "You cannot import this format.")


def test_an_import_whose_person_is_gone_is_not_run_with_the_operators_rights() -> None:
    member = factories.make_member(factories.make_organisation())
    run = _started(member, OFFERS, "a.xlsx", "listings")
    actions.check_import(run=run, by=member)
    ImportRun.objects.update(started_by=None)

    actions.work(run_id=run.pk)

    run.refresh_from_db()
    assert run.status == S.REFUSED


# --- taking back ------------------------------------------------------------------------------------------------


def test_an_import_others_have_built_on_is_not_taken_back() -> None:
    home = factories.make_organisation(status="verified")
    member = factories.make_member(home)
    run = _done(member, content=OFFERS, name="a.xlsx", format="listings")
    Interest.objects.create(
        listing=Listing.objects.all()[0],
        organisation=factories.make_organisation(),
        language="en",
        cooperation_sought="We would like to talk.",
        about_us="We clean water.",
        answer_due=timezone.localdate(),
    )

    run = _step(actions.take_back_import, run, member)

    assert (run.status, "Others have built on 1" in run.note, Listing.objects.count()) == (S.DONE, True, 2)


def test_an_import_somebody_changed_since_is_not_taken_back_and_says_so() -> None:
    steward = factories.make_steward()
    run = _done(steward)
    audit.record(actor=steward, action="directory.changed", obj=Organisation.objects.get())

    run = _step(actions.take_back_import, run, steward)

    assert (run.status, Organisation.objects.count()) == (S.DONE, 1)
    assert "1 of its records were changed since" in _as(steward).get(f"/imports/{run.pk}/").content.decode()


def test_an_import_that_was_carried_out_cannot_be_thrown_away() -> None:
    steward = factories.make_steward()
    run = _done(steward)

    with pytest.raises(Conflict):
        actions.discard_import(run=run, by=steward)


def test_a_discarded_import_goes_with_its_file(django_capture_on_commit_callbacks: Any) -> None:
    steward = factories.make_steward()
    run = _started(steward, b"name\nA house nobody else has\n")
    path = StoredFile.objects.get().content.name

    with django_capture_on_commit_callbacks(execute=True):
        actions.discard_import(run=run, by=steward)

    assert (ImportRun.objects.count(), StoredFile.objects.count()) == (0, 0)
    assert not default_storage.exists(str(path))


def test_old_files_are_let_go_of_and_the_report_stays() -> None:
    steward = factories.make_steward()
    run = _done(steward)

    assert actions.forget_old_files(before=timezone.now()) == 1

    page = _as(steward).get(f"/imports/{run.pk}/").content.decode()
    assert ("no longer kept" in page, StoredFile.objects.count()) == (True, 0)


def test_a_record_says_which_line_of_which_file_it_comes_from_to_those_who_see_the_import() -> None:
    steward = factories.make_steward()
    _done(steward)
    address = f"/network/{Organisation.objects.get().pk}/"

    seen = [
        ("a.csv, line 2" in Client().get(address).content.decode()),
        ("a.csv, line 2" in _as(steward).get(address).content.decode()),
    ]

    assert seen == [False, True]


# --- files that are not what they say -----------------------------------------------------------------------------


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b"0" * (70 << 20))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "format", "content"),
    [
        ("a.csv", "members", b""),
        ("a.csv", "members", b"\x00\x01\x02"),
        ("a.csv", "members", b"PK\x03\x04 no table"),
        ("a.exe", "members", b"MZ"),
        ("a.xlsx", "members", b"no sheet"),
        ("a.zip", "ror", b"no archive"),
        ("a.zip", "members", _bomb()),
    ],
)
def test_a_file_of_another_kind_is_refused_with_words(name: str, format: str, content: bytes) -> None:
    answer = _upload(_as(factories.make_steward()), content, name, format)

    assert (answer.status_code, 'class="error"' in answer.content.decode()) == (422, True)
    assert (ImportRun.objects.count(), StoredFile.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("name", "format", "content", "said"),
    [
        ("a.json", "nasa", b'[\n {"a": 1}\n {"a": 2}]', "line 3"),
        ("a.json", "nasa", b"[" * 100_000, "nested too deeply"),
        ("a.jsonl", "listings", b'{"id": "1"}{"id": "2"}', "something follows"),
        ("a.csv", "members", b"name,city\n" + b"x" * (5 << 20), "longer than 4 MB"),
        ("a.zip", "ror", _bomb(), "densely packed"),
    ],
)
def test_a_broken_file_says_what_is_wrong_and_nothing_is_kept(
    name: str, format: str, content: bytes, said: str
) -> None:
    steward = factories.make_steward()
    run = _started(steward, content, name, format)

    page = _as(steward).get(f"/imports/{run.pk}/")
    run = _step(actions.check_import, run, steward)
    report = _as(steward).get(f"/imports/{run.pk}/").content.decode()

    assert page.status_code == 200
    assert (said in page.content.decode() + report, run.status) == (True, S.REFUSED)
    assert (Organisation.objects.count(), Listing.objects.count()) == (0, 0)


def test_a_reason_stands_in_the_language_of_whoever_reads_it() -> None:
    steward = factories.make_steward()
    run = _step(actions.check_import, _started(steward), steward)
    line = run.refusals.get()
    line.message, line.reason = Said("“{value}” is not a year; it was left out", {"value": "naja"}).kept(), ""
    line.save()
    client = _as(steward)

    def read(language: str, words: str = "") -> str:
        client.cookies["serai_language"] = language
        return client.get(f"/imports/{run.pk}/?q={words}").content.decode()

    german = "„naja“ ist kein Jahr; es wurde weggelassen"
    assert ("“naja” is not a year; it was left out" in read("en"), german in read("de")) == (True, True)
    assert (german in read("de", "jahr+naja"), german in read("de", "year")) == (True, False)
    api = client.get(f"/api/v1/imports/{run.pk}/refused").json()["items"]
    assert [item["reason"] for item in api] == [german]
    table = client.get(f"/imports/{run.pk}/refused.csv")
    assert german in b"".join(table.streaming_content).decode()  # type: ignore[attr-defined]


def test_a_report_kept_in_one_language_still_shows() -> None:
    steward = factories.make_steward()
    run = _step(actions.check_import, _started(steward), steward)
    run.refusals.update(message=None, reason="Wie es damals geschrieben wurde")
    client = _as(steward)

    found = client.get(f"/imports/{run.pk}/?q=damals").content.decode()

    assert "Wie es damals geschrieben wurde" in found
    assert client.get(f"/api/v1/imports/{run.pk}/refused").json()["items"][0]["reason"].startswith("Wie es")


# --- the programming interface --------------------------------------------------------------------------------------


def test_the_interface_has_the_same_road() -> None:
    steward = factories.make_steward()
    client = _as(steward)

    made = client.post("/api/v1/imports", {"format": "members", "file": SimpleUploadedFile("a.csv", MEMBERS)})
    run = made.json()["id"]
    assert (made.status_code, made.json()["status"]) == (201, "proposed")
    proposal = client.get(f"/api/v1/imports/{run}/proposal").json()
    assert (proposal["encoding"], proposal["columns"]["name"], proposal["lines"]) == (
        "gb18030",
        "企业名称",
        [2, 3],
    )
    body = json.dumps({"options": {"country": "CN"}})
    put = client.put(f"/api/v1/imports/{run}/settings", body, content_type="application/json")
    assert put.json()["options"] == {"country": "CN"}
    for step, state in (("try", "checked"), ("carry-out", "done"), ("undo", "undone")):
        assert client.post(f"/api/v1/imports/{run}/{step}").status_code == 202
        actions.work(run_id=ImportRun.objects.get().pk)
        assert client.get(f"/api/v1/imports/{run}").json()["status"] == state
    refused = client.get(f"/api/v1/imports/{run}/refused").json()
    assert [(r["line"], r["column"]) for r in refused["items"]] == [(3, "统一社会信用代码")]
    unknown = {"format": "members", "file": SimpleUploadedFile("a.csv", MEMBERS), "by": "x"}
    assert client.post("/api/v1/imports", unknown).status_code == 422


def test_the_list_asks_as_much_for_three_as_for_one(django_assert_max_num_queries: Any) -> None:
    steward = factories.make_steward()
    client = _as(steward)
    _started(steward)
    with django_assert_max_num_queries(30) as first:
        client.get("/imports/")
    _started(steward)
    _started(steward)

    with django_assert_max_num_queries(len(first)):
        client.get("/imports/")


# --- how it is read: what must be there -----------------------------------------------------------------------------


def test_the_column_that_must_be_there_is_marked_and_asked_for() -> None:
    steward = factories.make_steward()
    run = _started(steward, b"A,B\nNordlicht,DE\n")
    client, address = _as(steward), f"/imports/{run.pk}/settings/"

    page = client.get(address).content.decode()
    tried = client.post(address, {"column.country": "B", "go": "1"})
    looked = client.post(address, {"encoding": "windows-1252"})

    assert page.count('<span class="must"') == 1
    assert (tried.status_code, "Choose the column" in tried.content.decode()) == (422, True)
    assert (looked.status_code, ImportRun.objects.get().status) == (302, S.PROPOSED)


def test_the_report_shows_what_was_taken_otherwise() -> None:
    steward = factories.make_steward()
    content = b"name,type,country\nNordlicht,Brewery,DE\nHavel,university,Atlantis\n"
    run = _step(actions.check_import, _started(steward, content), steward)
    client = _as(steward)

    first = client.get(f"/imports/{run.pk}/").content.decode()
    remarks = client.get(f"/imports/{run.pk}/?show=remarks").content.decode()

    assert ("Atlantis is not" in first, "Brewery" in first, "1 remark on rows" in first) == (
        True,
        False,
        True,
    )
    assert ("Atlantis is not" in remarks, "kind “Brewery” is not known" in remarks) == (False, True)
    told = client.get(f"/api/v1/imports/{run.pk}/refused?remarks=true").json()["items"]
    assert [(line["kind"], line["line"], line["column"]) for line in told] == [("remark", 2, "type")]


# --- the end of a step is told ------------------------------------------------------------------------------------


def _ended(run: ImportRun, minutes_ago: int, step: Any, by: User) -> None:
    """A step that was asked for some time ago is carried out now."""
    step(run=run, by=by)
    ImportRun.objects.update(updated_at=timezone.now() - timedelta(minutes=minutes_ago))
    actions.work(run_id=run.pk)


def test_who_waited_for_a_step_is_told_of_its_end_and_who_sees_it_at_once_is_not() -> None:
    steward = factories.make_steward()
    run = _started(steward)

    _ended(run, 1, actions.check_import, steward)
    _ended(run, 0, actions.carry_out_import, steward)
    _ended(run, 1, actions.take_back_import, steward)
    _followed()

    told = Notice.objects.filter(user=steward).order_by("created_at")
    assert [notice.kind for notice in told] == ["accounts.import_tried", "accounts.import_taken_back"]
    first = notices.sentences_of(list(told), steward)[0]
    assert ("a.csv" in first, told[0].values["url"]) == (True, f"/imports/{run.pk}/")


def test_a_step_that_was_refused_is_told_as_refused() -> None:
    steward = factories.make_steward()
    run = _started(steward, b"[]", "a.json", "nasa")
    StoredFile.objects.all().delete()
    ImportRun.objects.update(status=S.CHECKING, updated_at=timezone.now() - timedelta(minutes=1))

    actions.work(run_id=run.pk)
    _followed()

    assert list(Notice.objects.values_list("user", "kind")) == [(steward.pk, "accounts.import_refused")]


def _followed() -> None:
    """What the worker does after the commits of these steps."""
    for entry in AuditEntry.objects.filter(action="core.import_ended").order_by("at"):
        followers.tell_of_import(entry)


def test_what_refers_without_a_name_counts_as_built_on() -> None:
    """A participant's listing has no way back from the listing; taking it away would empty the field unseen."""
    member = factories.make_member(factories.make_organisation(status="verified"))
    run = _done(member, content=OFFERS, name="a.xlsx", format="listings")
    participant = factories.make_participant(factories.make_event())
    participant.listing = Listing.objects.all()[0]
    participant.save()

    run = _step(actions.take_back_import, run, member)

    assert (run.status, "Others have built on 1" in run.note, Listing.objects.count()) == (S.DONE, True, 2)


def test_the_rows_that_were_not_taken_come_as_a_table_to_mend_and_bring_again() -> None:
    steward = factories.make_steward()
    content = b"Name;Land;Telefon\nNordlicht;DE;1\nHavel;Atlantis;2\n=1+1;Atlantis;3\n"
    run = _done(steward, content=content)

    answer = _as(steward).get(f"/imports/{run.pk}/refused.csv?rows")

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in lines] == ["Name", "Havel", "'=1+1"]
    assert lines[1] == "Havel,Atlantis,2,Land: Atlantis is not a country or region"
    mended = "\n".join(lines[:2]).replace("Havel,Atlantis", "Havel,DE").encode()
    assert _done(steward, content=mended).created == 1
