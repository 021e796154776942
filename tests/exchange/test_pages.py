"""The pages: what strangers get, what members do, the cost of lists."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serai.accounts.models import User
from serai.cooperation.actions import open_case_from_interest
from serai.directory.sections import MOST_ROWS
from serai.exchange import actions
from serai.exchange.actions.reviews import Scores
from serai.exchange.models import Interest, Listing, ListingContact
from tests.factories import in_days, make_listing, make_member, make_organisation, make_steward, make_user

pytestmark = pytest.mark.django_db
SUMMARY = "A membrane that takes drug residues out of municipal waste water with little energy."


@pytest.fixture
def owner() -> User:
    return make_member(make_organisation(name="Hidden Works", city="Gdynia"))


@pytest.fixture
def sender() -> User:
    return make_member(make_organisation(name="Seeker"))


def own(owner: User, **what_matters: Any) -> Listing:
    return make_listing(organisation=owner.memberships.get().organisation, **what_matters)


def interest_in(listing: Listing, sender: User) -> Interest:
    return actions.send_interest(
        listing=listing,
        organisation=sender.memberships.get().organisation,
        language="en",
        cooperation_sought="A pilot.",
        about_us="We.",
        by=sender,
    )


def queries_of(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_hidden_and_missing_listings_answer_alike(client: Client, owner: User) -> None:
    draft = own(owner, status="draft")

    hidden = client.get(reverse("listing_detail", args=[draft.pk]))
    missing = client.get(reverse("listing_detail", args=[uuid4()]))

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert len(hidden.content) == len(missing.content)


@pytest.mark.parametrize("name", ["listing_mine", "listing_create", "interest_list", "review_queue"])
def test_strangers_are_sent_to_the_sign_in(client: Client, name: str) -> None:
    answer = client.get(reverse(name))

    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]


def test_members_do_not_enter_the_review(client: Client, owner: User) -> None:
    client.force_login(owner)

    assert client.get(reverse("review_queue")).status_code == 404


def test_an_anonymous_listing_names_country_kind_and_size_only(client: Client, owner: User) -> None:
    listing = own(owner, disclosure="anonymous", title="A membrane")

    for url in (
        reverse("listing_list"),
        reverse("listing_detail", args=[listing.pk]),
        reverse("listing_export", args=["csv"]),
        reverse("listing_export", args=["json"]),
        f"/api/v1/listings/{listing.pk}",
        "/api/v1/listings",
    ):
        answer = client.get(url)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert b"A membrane" in body, url
        for secret in (b"Hidden Works", b"Gdynia", str(listing.organisation_id).encode()):
            assert secret not in body, url


@pytest.mark.parametrize("name", ["listing_list", "listing_mine", "interest_list", "review_queue"])
def test_lists_cost_the_same_for_one_and_three_rows(
    client: Client, owner: User, sender: User, name: str
) -> None:
    steward = make_steward()
    steward.memberships.create(
        organisation=sender.memberships.get().organisation, role="member", status="active"
    )

    def one_more() -> None:
        own(owner, status="in_review", submitted_at="2026-01-05T09:00Z", due_on=in_days(3))
        make_listing(organisation=sender.memberships.get().organisation, status="draft")
        interest_in(make_listing(disclosure="anonymous"), sender)
        interest_in(own(owner), sender)
        other = make_member(make_organisation())
        interest_in(make_listing(organisation=sender.memberships.get().organisation), other)

    one_more()
    client.force_login(steward)
    before = queries_of(client, reverse(name))
    one_more()
    one_more()

    assert queries_of(client, reverse(name)) == before


def test_a_record_costs_the_same_however_many_interests(client: Client, owner: User) -> None:
    listing = own(owner)
    interest_in(listing, make_member(make_organisation()))
    client.force_login(owner)
    url = reverse("listing_detail", args=[listing.pk])
    before = queries_of(client, url)
    for _turn in range(2):
        interest_in(listing, make_member(make_organisation()))

    assert queries_of(client, url) == before


def test_a_listing_is_written_step_by_step(client: Client, owner: User) -> None:
    client.force_login(owner)
    organisation = owner.memberships.get().organisation

    about = {
        "organisation": organisation.pk,
        "direction": "offer",
        "kind": "technology",
        "language": "en",
        "disclosure": "named",
    }
    assert client.post(reverse("listing_create"), about).status_code == 302
    listing = Listing.objects.get()
    steps: dict[str, dict[str, Any]] = {
        "teaser": {"title": "A membrane", "summary": SUMMARY, "keywords": "membrane， waste water; 膜、水"},
        "details": {"description": "Polyamide."},
        "facts": {"trl": "6", "ip_status": "granted", "sectors": ["E"], "sdgs": ["6"]},
        "partner": {"partnerships": ["pilot"], "trl_min": "", "trl_max": "", "deadline": ""},
        "contact": {"name": "Ana", "email": "ana@example.org"},
    }
    for step, data in steps.items():
        assert client.post(reverse("listing_edit", args=[listing.pk, step]), data).status_code == 302, step
    client.post(reverse("listing_do", args=[listing.pk, "submit"]))

    listing.refresh_from_db()
    assert (listing.status, listing.trl, listing.sectors) == ("in_review", 6, ["E"])
    assert listing.teasers.get().keywords == ["membrane", "waste water", "膜", "水"]


def states(client: Client, listing: Listing, step: str) -> dict[str, str]:
    """How each step of the form is shown, by its word."""
    page = client.get(reverse("listing_edit", args=[listing.pk, step])).content.decode()
    route = page.split('<ol class="route"')[1].split("</ol>")[0]
    return {
        word: state
        for state, word in re.findall(r'<li class="is-(\w+)".*?<span class="word">(.*?)</span>', route)
    }


def test_a_step_that_was_skipped_is_not_called_done(client: Client, owner: User) -> None:
    listing = own(owner, status="draft", trl=4)
    client.force_login(owner)

    assert states(client, listing, "contact") == {
        "What it is": "done",
        "Public text": "done",
        "Details for members": "open",
        "Facts": "done",
        "Partner sought": "open",
        "Contact": "here",
        "Check and send": "open",
    }


def test_a_step_that_is_filled_is_done_also_when_one_stands_before_it(client: Client, owner: User) -> None:
    listing = own(owner, status="draft", partnerships=["pilot"])
    ListingContact.objects.create(listing=listing, email="ana@example.org")
    client.force_login(owner)

    shown = states(client, listing, "about")

    assert [shown[word] for word in ("What it is", "Partner sought", "Contact")] == ["here", "done", "done"]


@pytest.mark.parametrize(
    ("state", "label", "step"),
    [
        ("nothing", "Write the text", "teaser"),
        ("short text", "Write the text", "teaser"),
        ("text", "Complete the listing", "partner"),
        ("all", "Check and send", "send"),
    ],
)
def test_the_first_button_of_a_draft_is_what_it_needs_next(
    client: Client, owner: User, state: str, label: str, step: str
) -> None:
    listing = own(owner, status="draft", summary="Short." if state == "short text" else SUMMARY)
    if state == "nothing":
        listing.teasers.all().delete()
    if state == "all":
        Listing.objects.update(partnerships=["pilot"])
        ListingContact.objects.create(listing=listing, email="ana@example.org")
    client.force_login(owner)

    page = client.get(reverse("listing_detail", args=[listing.pk])).content.decode()

    primary = re.search(r'<a href="([^"]*)" class="btn btn-primary">.*?</svg>(.*?)</a>', page)
    assert primary is not None
    assert primary.groups() == (reverse("listing_edit", args=[listing.pk, step]), label)


def test_a_translation_goes_on_to_its_details_and_ends_there(client: Client, owner: User) -> None:
    listing = own(owner, status="draft")
    client.force_login(owner)
    first = reverse("listing_edit", args=[listing.pk, "teaser"]) + "?lang=pl&origin=machine"

    second = client.post(first, {"title": "Membrana", "summary": SUMMARY, "keywords": ""})["Location"]
    last = client.post(second, {"description": "Poliamid."})["Location"]

    assert second == reverse("listing_edit", args=[listing.pk, "details"]) + "?lang=pl&origin=machine"
    assert last == reverse("listing_detail", args=[listing.pk]) + "?lang=pl"
    assert listing.teasers.get(language="pl").origin == "machine"
    assert listing.details.get(language="pl").origin == "machine"


def marked_fields(page: str) -> set[str]:
    """Names of the fields whose label or legend carries the mark of what must be filled in."""
    parts = re.split(
        r'<(?=div class="field|fieldset class="field|details)', page.split('class="form-page"')[1]
    )
    found = [re.search(r' name="(\w+)"', part) for part in parts[1:] if 'class="must"' in part]
    return {name.group(1) for name in found if name}


@pytest.mark.parametrize(
    ("step", "needed"),
    [
        ("about", ["organisation", "direction", "kind", "language", "disclosure"]),
        ("teaser", ["title", "summary"]),
        ("details", []),
        ("facts", []),
        ("partner", ["partnerships"]),
        ("contact", ["name"]),
    ],
)
def test_what_must_be_filled_in_is_marked_and_refused_in_words(
    client: Client, owner: User, step: str, needed: list[str]
) -> None:
    listing = own(owner, status="draft")
    client.force_login(owner)
    url = reverse("listing_edit", args=[listing.pk, step])

    page = client.get(url).content.decode()
    assert marked_fields(page) == set(needed)
    assert ("Fields marked * must be filled in." in page) == bool(needed)
    for name in set(needed) - {"partnerships"}:  # a group says it in its legend
        control = re.search(
            rf'<(?:input|select|textarea)[^>]*name="{name}"[^>]*>\s*(<option value="">)?', page
        )
        assert control is not None
        is_said = re.search(" (required|disabled)", control.group()) is not None
        is_never_empty = "<select" in control.group() and control.group(1) is None
        assert is_said or is_never_empty, name
    if step == "partner":
        refused = client.post(url, {"deadline": ""})
        assert refused.status_code == 422
        assert (
            refused.content.decode().count("Say which kind of partnership you look for.") == 2
        )  # on top, at the field


def test_whoever_mends_comes_back_to_the_check(client: Client, owner: User) -> None:
    listing = own(owner, status="draft")
    client.force_login(owner)
    check = reverse("listing_edit", args=[listing.pk, "send"])
    links = re.findall(r'<a href="([^"]+)">Mend it', client.get(check).content.decode())
    partner = next(link for link in links if "/partner/" in link).split("#")[0]

    form = client.get(partner).content.decode()
    answer = client.post(partner, {"partnerships": ["pilot"]})

    assert "Save and check again" in form
    assert f'class="btn btn-quiet" href="{check}"' in form
    assert answer["Location"] == check
    assert links
    assert all("then=send" in link for link in links)


def test_a_translation_is_mended_where_it_is_wrong(client: Client, owner: User) -> None:
    listing = own(owner, status="draft")
    listing.teasers.create(language="pl", title="Membrana", summary="Piszcie do ana@example.org dzisiaj.")
    client.force_login(owner)
    check = reverse("listing_edit", args=[listing.pk, "send"])

    page = client.get(check).content.decode()

    assert f"{reverse('listing_edit', args=[listing.pk, 'teaser'])}?lang=pl&amp;then=send#id_summary" in page


THAI = "หาวิธีตรวจจับน้ำรั่วในท่อประปาเก่าโดยไม่ต้องขุดถนนและไม่ต้องหยุดจ่ายน้ำในเขตเมืองเก่าของกรุงเทพ"
POLISH = (
    "Czujniki zakładane na hydranty nasłuchują sieci nocą i wskazują miejsce wycieku z dokładnością do dwóch "
    "metrów, bez rozkopywania ulic i bez wyłączania wody."
)


@pytest.mark.parametrize(("text", "found", "name"), [(THAI, "th", "Thai"), (POLISH, "pl", "Polish")])
def test_a_text_in_another_language_than_its_mark_is_noticed_and_marked_anew_with_one_click(
    client: Client, owner: User, text: str, found: str, name: str
) -> None:
    listing = own(owner, status="draft", title=text[:60], summary=text)
    actions.save_detail(listing=listing, language="en", description=text, by=owner)
    actions.save_teaser(
        listing=listing,
        language="de",
        title="Lecks finden",
        summary=SUMMARY_DE,
        source_language="en",
        by=owner,
    )
    client.force_login(owner)
    check = reverse("listing_edit", args=[listing.pk, "send"])

    page = client.get(check).content.decode()
    client.post(reverse("listing_language", args=[listing.pk]), {"language": "en", "to": found})

    listing.refresh_from_db()
    assert f"marked as English, but it reads as {name}" in page
    assert f"Mark it as {name}" in page
    assert (listing.language, listing.needs_encoding) == (found, True)
    assert {t.language: t.source_language for t in listing.teasers.all()} == {found: "", "de": found}
    assert listing.details.get().language == found
    assert "reads as" not in client.get(check).content.decode()


SUMMARY_DE = (
    "Sensoren auf Hydranten hören nachts in das Netz hinein und zeigen die Stelle auf zwei Meter genau."
)


def test_the_language_is_noticed_while_one_writes_and_saved_as_it_is(client: Client, owner: User) -> None:
    listing = own(owner, status="draft")
    client.force_login(owner)
    data = {"title": THAI[:60], "summary": THAI, "keywords": ""}

    live = client.post(reverse("listing_check", args=[listing.pk]), data).content.decode()
    client.post(reverse("listing_edit", args=[listing.pk, "teaser"]), {**data, "reads_as": "th"})

    listing.refresh_from_db()
    assert 'name="reads_as" value="th"' in live
    assert (listing.language, [t.language for t in listing.teasers.all()]) == ("th", ["th"])


def test_a_reviewer_reads_that_a_text_is_not_what_it_is_marked_as(client: Client, owner: User) -> None:
    listing = own(
        owner,
        status="in_review",
        submitted_at="2026-01-05T09:00Z",
        due_on=in_days(3),
        title=THAI[:60],
        summary=THAI,
    )
    client.force_login(make_steward())

    page = client.get(reverse("review_page", args=[listing.pk])).content.decode()

    assert "marked as English, but it reads as Thai" in page
    assert "Mark it as" not in page


def test_a_language_is_not_marked_over_another_version_nor_on_a_published_text(
    client: Client, owner: User
) -> None:
    listing = own(owner, status="draft")
    actions.save_teaser(listing=listing, language="pl", title="Membrana", summary=POLISH, by=owner)
    client.force_login(owner)
    url = reverse("listing_language", args=[listing.pk])

    taken = client.post(url, {"language": "en", "to": "pl"})
    unknown = client.post(url, {"language": "en", "to": "xx"})
    published = client.post(reverse("listing_language", args=[own(owner).pk]), {"language": "en", "to": "pl"})

    assert (taken.status_code, unknown.status_code, published.status_code) == (409, 422, 409)
    assert {t.language for t in listing.teasers.all()} == {"en", "pl"}


@pytest.mark.parametrize(
    ("page", "reads", "home", "expected"),
    [
        ("en", ["en", "th"], "th", "th"),
        ("en", ["de", "en", "th"], "th", "th"),
        ("en", ["en", "fr"], "th", "fr"),
        ("en", [], "th", "th"),
        ("en", ["en"], "th", "en"),
        ("en", [], "", "en"),
        ("zh-hans", ["en"], "", "zh"),
        ("en", ["xx"], "", "en"),
    ],
)
def test_the_language_one_writes_in_is_the_person_s_then_the_organisation_s(
    client: Client, page: str, reads: list[str], home: str, expected: str
) -> None:
    person = make_member(make_organisation(name_language=home), reads=reads, language=page)
    client.force_login(person)

    for url in (reverse("listing_create"), reverse("interest_new", args=[make_listing().pk])):
        shown = client.get(url).content.decode()
        select = shown.split('<select name="language"')[1].split("</select>")[0]
        assert re.findall(r'<option value="(\w+)" selected', select) == [expected], url


def test_a_long_choice_is_folded_and_says_what_is_chosen(client: Client, owner: User) -> None:
    listing = own(owner, status="draft", partnerships=["pilot"], work_languages=["pl", "en"])
    client.force_login(owner)

    page = client.get(reverse("listing_edit", args=[listing.pk, "partner"])).content.decode()
    folds = re.findall(r'<details class="fold"( open)?><summary>(.*?)</summary>', page, re.S)
    said = [re.sub(r"<[^>]+>|\s+", " ", line).split() for _open, line in folds]

    assert [" ".join(words) for words in said] == [
        "Kind of partnership * 1 · Pilot or test site",
        "Kind of partner none chosen",
        "Languages you can work in 2 · English, Polish",
    ]
    assert not any(is_open for is_open, _line in folds)
    assert '<input type="checkbox" name="work_languages" value="pl"' in page  # folded, not left out
    Listing.objects.update(partnerships=[])
    again = client.get(reverse("listing_edit", args=[listing.pk, "partner"])).content.decode()
    assert '<details class="fold" open><summary>Kind of partnership' in again


def test_no_heading_stands_over_nothing(client: Client, owner: User) -> None:
    listing = own(owner, status="in_review", submitted_at="2026-01-05T09:00Z", due_on=in_days(3))
    listing.details.create(language="en", ip_comment="Patent PL 1.")
    client.force_login(make_steward())
    url = reverse("review_page", args=[listing.pk])
    kept = client.get(url).content.decode()

    listing.details.update(ip_comment="")

    assert "Details for members" in kept
    assert "Patent PL 1." in kept
    assert "Details for members" not in client.get(url).content.decode()


def test_a_refused_text_is_kept_in_the_form(client: Client, owner: User) -> None:
    listing = own(owner, status="draft")
    client.force_login(owner)
    data = {"title": "A membrane", "summary": "Write to ana@example.org please.", "keywords": ""}

    answer = client.post(reverse("listing_edit", args=[listing.pk, "teaser"]), data)

    assert answer.status_code == 422
    assert b"Write to ana@example.org please." in answer.content
    assert b"Move this address into the contact: ana@example.org" in answer.content
    live = client.post(reverse("listing_check", args=[listing.pk]), data, headers={"hx-request": "true"})
    assert b"ana@example.org" in live.content


def test_nobody_edits_the_listing_of_others(client: Client, owner: User, sender: User) -> None:
    listing = own(owner)
    client.force_login(sender)

    for url in (
        reverse("listing_edit", args=[listing.pk, "facts"]),
        reverse("listing_translate", args=[listing.pk]),
        reverse("listing_close", args=[listing.pk]),
    ):
        assert client.get(url).status_code == 404
    assert client.post(reverse("listing_do", args=[listing.pk, "withdraw"])).status_code == 403


def test_a_steward_reviews_on_the_page(client: Client, owner: User) -> None:
    listing = own(owner, status="in_review", submitted_at="2026-01-05T09:00Z", due_on=in_days(3))
    client.force_login(make_steward())
    url = reverse("review_page", args=[listing.pk])
    scores = {"advantages": "4", "clarity": "4", "expectations": "4", "language_quality": "0", "comment": ""}

    assert client.post(url, scores).status_code == 422
    assert client.post(url, {**scores, "comment": "Mend the language."}).status_code == 302

    listing.refresh_from_db()
    assert listing.status == "on_hold"


def test_the_history_of_a_listing_is_read_by_its_own_people_and_by_stewards_who_know_whose_it_is(
    client: Client, owner: User, sender: User
) -> None:
    steward, listing = make_steward(), own(owner, status="in_review", submitted_at="2026-01-05T09:00Z")
    scores = Scores(advantages=4, clarity=4, expectations=4, language_quality=4)
    actions.review_listing(listing=listing, scores=scores, comment="", by=steward)
    url, line = reverse("listing_detail", args=[listing.pk]), "reviewed and published the listing"

    def read_by(user: User | None) -> str:
        client.logout()
        if user is not None:
            client.force_login(user)
        return client.get(url).content.decode()

    assert line in read_by(owner)
    assert steward.name not in read_by(owner)
    assert line in read_by(steward)
    assert line not in read_by(sender)
    assert line not in read_by(None)
    Listing.objects.filter(pk=listing.pk).update(disclosure=Listing.Disclosure.ANONYMOUS)
    assert line in read_by(owner)
    assert owner.name not in read_by(steward)


def test_an_interest_goes_from_the_form_to_the_answer(client: Client, owner: User, sender: User) -> None:
    listing = own(owner)
    client.force_login(sender)
    data = {
        "organisation": sender.memberships.get().organisation_id,
        "cooperation_sought": "A pilot.",
        "about_us": "We.",
        "language": "en",
        "answer_due": in_days(10).isoformat(),
    }
    client.post(reverse("interest_new", args=[listing.pk]), data)
    interest = Interest.objects.get()
    accept = reverse("interest_accept", args=[interest.pk])
    assert client.post(accept).status_code == 403

    client.force_login(owner)
    page = client.get(reverse("interest_detail", args=[interest.pk]))
    assert b"Your answer" in page.content
    client.post(accept, {"answer": "Welcome."})

    interest.refresh_from_db()
    assert (interest.status, interest.answer_due) == ("accepted", in_days(10))


def header_of(page: str) -> str:
    return page.split('<header class="head">')[1].split("</header>")[0]


def test_an_agreed_interest_leads_both_sides_to_a_case_and_then_into_it(
    client: Client, owner: User, sender: User
) -> None:
    interest = actions.accept_interest(interest=interest_in(own(owner), sender), by=owner)
    url, begin = (
        reverse("interest_detail", args=[interest.pk]),
        reverse("case_from_interest", args=[interest.pk]),
    )

    for person in (owner, sender):
        client.force_login(person)
        page = client.get(url).content.decode()
        assert f'<a href="{begin}" class="btn btn-primary">' in header_of(page)
        assert "What came of it" not in page
    case = open_case_from_interest(interest=interest, by=sender)

    for person in (owner, sender):
        client.force_login(person)
        page = client.get(url).content.decode()
        assert f'<a href="{reverse("case_detail", args=[case.pk])}" class="btn btn-primary">' in header_of(
            page
        )
        assert begin not in page
        came_of = page.split("What came of it")[1].split("</section>")[0]
        assert "Case" in came_of
        assert case.get_status_display() in came_of


def test_others_do_not_see_an_interest(client: Client, owner: User, sender: User) -> None:
    interest = interest_in(own(owner), sender)
    client.force_login(make_steward())

    assert client.get(reverse("interest_detail", args=[interest.pk])).status_code == 404
    assert client.post(reverse("interest_accept", args=[interest.pk])).status_code == 404
    assert client.get(f"/api/v1/interests/{interest.pk}").status_code == 404


def test_old_links_with_odd_filters_still_open(client: Client) -> None:
    odd = {"direction": "sideways", "trl": "99", "page": "-3", "place": "'; drop", "kind": ["a", "b"]}

    assert client.get(reverse("listing_list"), odd).status_code == 200
    assert client.get(reverse("search"), {**odd, "q": "\x00\u202e" + "x" * 5000}).status_code == 200


# --- the programming interface ----------------------------------------------------------------------------
def test_the_interface_walks_the_same_road(client: Client, owner: User) -> None:
    client.force_login(owner)

    def send(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        call = getattr(client, method)
        answer = call(f"/api/v1{path}", body, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    organisation = str(owner.memberships.get().organisation_id)
    made = send(
        "post",
        "/listings",
        {"organisation": organisation, "direction": "offer", "kind": "technology", "language": "en"},
        201,
    )
    path = f"/listings/{made['id']}"
    assert send("post", f"{path}/submit", status=422)["fields"].keys() == {"title", "partnerships", "email"}
    send("put", f"{path}/texts/en", {"title": "A membrane", "summary": SUMMARY})
    send("put", f"{path}/details/en", {"description": "Polyamide."})
    send("patch", path, {"partnerships": ["pilot"], "trl": 6})
    send("put", f"{path}/contact", {"name": "Ana", "email": "ana@example.org"})
    assert send("post", f"{path}/submit")["status"] == "in_review"
    client.force_login(make_steward())
    scores = {"advantages": 4, "clarity": 4, "expectations": 4, "language_quality": 4}
    assert send("post", f"{path}/review", scores)["status"] == "published"
    client.logout()
    shown = send("get", path)
    assert (shown["title"], shown["details"], shown["contact"]) == ("A membrane", [], None)
    assert send("get", "/listings")["items"][0]["id"] == made["id"]


@pytest.mark.parametrize(
    "query", ["owner__email=x", "limit=5&expand=organisation", "direction=sideways", "trl=0", "place=XX"]
)
def test_the_interface_refuses_what_it_does_not_know(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/listings?{query}").status_code == 422


def test_the_interface_refuses_unknown_fields(client: Client, owner: User) -> None:
    listing = own(owner, status="draft")
    client.force_login(owner)

    answer = client.patch(
        f"/api/v1/listings/{listing.pk}", {"status": "published"}, content_type="application/json"
    )

    assert answer.status_code == 422
    listing.refresh_from_db()
    assert listing.status == "draft"


def test_strangers_write_nothing_by_the_interface(client: Client, owner: User) -> None:
    listing = own(owner)

    for path in (f"listings/{listing.pk}/withdraw", f"listings/{listing.pk}/review", "interests"):
        assert client.post(f"/api/v1/{path}", {}, content_type="application/json").status_code in {401, 422}


# --- an organisation and its listings -----------------------------------------------------------------------
def test_the_page_of_an_organisation_shows_what_it_offers_and_looks_for(client: Client, owner: User) -> None:
    house = owner.memberships.get().organisation
    own(owner, title="A named offer")
    own(owner, title="A quiet offer", disclosure="anonymous")
    own(owner, title="A draft", status="draft")
    own(owner, title="Over", status="expired")
    make_listing(title="Of somebody else")
    url = reverse("organisation_detail", args=[house.pk])

    shown = client.get(url).content.decode()
    client.force_login(owner)
    to_owner = client.get(url).content.decode()

    titles = ("A named offer", "A quiet offer", "A draft", "Over", "Of somebody else")
    assert [title for title in titles if title in shown] == ["A named offer"]
    assert [title for title in titles if title in to_owner] == ["A named offer", "A quiet offer"]
    assert "All of them" not in shown


def test_many_listings_are_cut_and_all_are_one_click_away(client: Client, owner: User) -> None:
    house = owner.memberships.get().organisation
    page_url = reverse("organisation_detail", args=[house.pk])
    own(owner)
    before = queries_of(client, page_url)
    for number in range(MOST_ROWS):
        own(owner, title=f"Number {number}")
    make_listing(title="Of somebody else")

    page = client.get(page_url).content.decode()
    all_of_them = f"{reverse('listing_list')}?organisation={house.pk}"

    assert page.count('<li class="row-item">') == MOST_ROWS
    assert all_of_them in page
    assert queries_of(client, page_url) == before
    listed = client.get(all_of_them).content.decode()
    assert listed.count('<li class="row-item">') == MOST_ROWS + 1
    assert "Of somebody else" not in listed
    assert "Hidden Works" in listed.split("data-sentence")[1].split("</form>")[0]


@pytest.mark.parametrize("address", ["/exchange/", "/exchange/export.csv", "/api/v1/listings"])
def test_asking_for_the_listings_of_an_organisation_tells_of_no_anonymous_one(
    client: Client, owner: User, address: str
) -> None:
    house = owner.memberships.get().organisation
    own(owner, title="A named offer")
    own(owner, title="A quiet offer", disclosure="anonymous")

    answer: Any = client.get(address, {"organisation": str(house.pk)})

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert "A named offer" in body.decode()
    assert "A quiet offer" not in body.decode()


def test_asking_for_the_listings_of_a_hidden_organisation_is_like_asking_for_none(
    client: Client, owner: User
) -> None:
    hidden = make_organisation(name="Unseen House", status="draft")
    make_listing(organisation=hidden, disclosure="anonymous")
    own(owner)

    def answer(asked: object) -> str:
        page = client.get("/exchange/", {"organisation": str(asked)}).content.decode()
        return re.sub(r'nonce="[^"]*"|[A-Za-z0-9]{64}', "", page.replace(str(asked), "ASKED"))

    assert answer(hidden.pk) == answer(uuid4())
    assert "Unseen House" not in answer(hidden.pk)


def test_somebody_without_an_organisation_is_not_sent_to_a_form_that_is_not_theirs(client: Client) -> None:
    url = reverse("listing_detail", args=[make_listing().pk])
    for_stranger = client.get(url).content.decode()
    client.force_login(make_user())

    page = client.get(url).content.decode()

    assert "Express interest" in for_stranger
    assert "Express interest" not in page
    assert "Join an organisation to answer" in page
    form = client.get(reverse("interest_new", args=[uuid4()]), follow=True)
    assert form.redirect_chain[-1][0] == reverse("organisation_list")
    assert "find yours and ask to join it" in form.content.decode()
