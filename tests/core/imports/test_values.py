"""Words of a file that mean nothing here: they are asked about, and what a person says holds for the whole file."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from serai.accounts.models import Membership, User
from serai.core.errors import Invalid
from serai.core.imports import actions, framework
from serai.core.imports.framework import Request, importer_named, run_import
from serai.core.imports.rows import Source
from serai.core.models import ImportRun
from serai.directory.models import Organisation
from serai.exchange.models import Listing
from tests import factories

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MEMBERS = (
    "name,kind,country\nNordlicht,Brewery,DE\nHavel,brewery,Absurdistan\nOder,University,PL\nSpree,Guild,DE\n"
)
COLUMNS = {"column.name": "name", "column.kind": "kind", "column.country": "country"}
OFFERS = (
    "id,title,text,kind,direction,lang,partnerships\n1,A,We offer A,Gadget,Biete an,english,licence;Chat\n"
)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _run(path: Path, format: str = "members", **options: str) -> ImportRun:
    return run_import(
        request=Request(format, path, path.name, {k.replace("__", "."): v for k, v in options.items()}),
        by=None,
    )


def _asked(path: Path, format: str) -> list[tuple[str, str, int]]:
    importer = importer_named(format)
    proposal = importer.propose(Source.of(path), importer.settle({}, None))
    return [(u.setting, u.word, u.rows) for u in proposal.unknown]


def test_unknown_words_are_named_with_their_rows(tmp_path: Path) -> None:
    assert _asked(_write(tmp_path / "a.csv", MEMBERS), "members") == [
        ("value.country.absurdistan", "Absurdistan", 1),
        ("value.kind.brewery", "Brewery", 2),
        ("value.kind.guild", "Guild", 1),
    ]


def test_what_a_word_is_said_to_mean_holds_for_every_row_and_twice_changes_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", MEMBERS)
    options = {"value__kind__Brewery": "firm", "value__country__Absurdistan": "FR"}

    first, again = _run(path, **options), _run(path, **options)

    assert (first.created, first.refused, again.unchanged) == (4, 0, 4)
    assert first.options == {"value.kind.brewery": "firm", "value.country.absurdistan": "FR"}
    kinds = dict(Organisation.objects.values_list("name", "kinds"))
    assert kinds == {"Nordlicht": ["firm"], "Havel": ["firm"], "Oder": ["university"], "Spree": ["other"]}
    assert Organisation.objects.get(name="Havel").country.code == "FR"  # type: ignore[union-attr]


def test_words_of_listings_are_mapped_in_lists_too(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", OFFERS)

    run = _run(
        path,
        "listings",
        value__kind__Gadget="equipment",
        value__direction__bietean="request",
        value__lang__english="en",
        value__partnerships__chat="research",
    )

    assert [(setting, rows) for setting, _word, rows in _asked(path, "listings")] == [
        ("value.lang.english", 1),
        ("value.direction.bietean", 1),
        ("value.kind.gadget", 1),
        ("value.partnerships.chat", 1),
    ]
    assert [str(line) for line in run.refusals.all()] == []
    listing = Listing.objects.get()
    assert (listing.kind, listing.direction, listing.language) == ("equipment", "request", "en")
    assert listing.partnerships == ["licence", "research"]


@pytest.mark.parametrize(
    "options",
    [{"value.kind.x": "nonsense"}, {"value.colour.x": "firm"}, {"value.kind.": "firm"}, {"value.kind": "a"}],
)
def test_a_meaning_that_is_none_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        framework.checked_settings(importer_named("members"), options, None)


# --- in the browser ---------------------------------------------------------------------------------------------
def _as(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def _started(user: User, text: str, format: str) -> ImportRun:
    return actions.start_import(format=format, upload=SimpleUploadedFile("a.csv", text.encode()), by=user)


def test_the_page_asks_what_a_word_means_and_keeps_the_answer(tmp_path: Path) -> None:
    steward = factories.make_steward()
    client, run = _as(steward), _started(steward, MEMBERS, "members")
    url = f"/imports/{run.pk}/"

    page = client.get(url).content.decode()
    answer = client.post(f"{url}settings/", {"value.kind.brewery": "firm", **COLUMNS})
    run.refresh_from_db()

    assert ("Brewery" in page, "in 2 rows" in page) == (True, True)
    assert (answer.status_code, run.options["value.kind.brewery"]) == (302, "firm")
    again = client.get(url).content.decode()
    assert '<option value="firm" selected>' in again
    api: Any = client.get(f"/api/v1/imports/{run.pk}/proposal").json()
    assert {"field": "kind", "word": "Brewery", "rows": 2, "setting": "value.kind.brewery"} in api["unknown"]


def test_another_encoding_does_not_forget_what_words_mean() -> None:
    steward = factories.make_steward()
    client, run = _as(steward), _started(steward, MEMBERS, "members")
    client.post(f"/imports/{run.pk}/settings/", {"value.kind.brewery": "firm", **COLUMNS})

    client.post(
        f"/imports/{run.pk}/settings/", {"value.kind.brewery": "firm", "encoding": "iso-8859-1", **COLUMNS}
    )

    run.refresh_from_db()
    assert run.options == {"value.kind.brewery": "firm", "encoding": "iso-8859-1"}


# --- whose drafts -----------------------------------------------------------------------------------------------
def _member_of(*organisations: Organisation) -> User:
    person = factories.make_member(organisations[0])
    for organisation in organisations[1:]:
        Membership.objects.create(
            user=person,
            organisation=organisation,
            role=Membership.Role.MANAGER,
            status=Membership.Status.ACTIVE,
        )
    return person


def test_the_only_verified_organisation_is_proposed_however_many_drafts_there_are() -> None:
    verified = factories.make_organisation(name="Zeta", status="verified")
    person = _member_of(factories.make_organisation(name="Alpha", status="draft"), verified)

    assert _started(person, OFFERS, "listings").options["organisation"] == str(verified.pk)


def test_with_several_none_is_proposed_and_the_page_says_so() -> None:
    one, two = (factories.make_organisation(name=name, status="verified") for name in ("One", "Two"))
    person = _member_of(one, two, factories.make_organisation(name="Three", status="draft"))
    client, run = _as(person), _started(person, OFFERS, "listings")
    url = f"/imports/{run.pk}/settings/"

    page = client.get(url).content.decode()
    refused = client.post(url, {"go": "1", "direction": "offer", "kind": "technology", "column.text": "text"})

    assert run.options["organisation"] == ""
    assert ("You act for several organisations" in page, "Three (Draft)" in page) == (True, True)
    assert page.index(">One<") < page.index(">Two<") < page.index("Three (Draft)")
    assert refused.status_code == 422
    run.refresh_from_db()
    assert run.status == ImportRun.Status.PROPOSED


def test_a_program_that_chose_none_gets_a_refusal_and_no_drafts() -> None:
    one, two = (factories.make_organisation(name=name, status="verified") for name in ("One", "Two"))
    person = _member_of(one, two)
    run = _started(person, "text\nWe offer something useful.\n", "listings")

    actions.check_import(run=run, by=person)
    actions.work(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.refusals.get().said) == ("refused", "Choose one of your organisations.")
