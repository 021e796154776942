import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serai.accounts.models import User
from serai.agreements.forms import OrganisationsField
from serai.directory import actions, criteria, history, places
from serai.directory.actions import Facts
from serai.directory.forms import OtherField
from serai.directory.models import Identifier, Label, Organisation, OrganisationName, Relation
from serai.directory.sections import MOST_ROWS
from tests import factories

pytestmark = pytest.mark.django_db

S = Organisation.Status
ACTIONS = Path(actions.__file__).parent
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def as_(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user, backend=BACKEND)
    return client


def page(url: str, user: User | None = None, status: int = 200) -> str:
    response = as_(user).get(url)
    assert response.status_code == status
    return str(response.content, "utf-8")


def post(url: str, user: User, **data: Any) -> Any:
    return as_(user).post(url, data)


def detail(organisation: Organisation) -> str:
    return reverse("organisation_detail", args=[organisation.pk])


def found(query: str, user: User | None = None) -> set[str]:
    """Names in the download of a search: the same rows as the list, read more easily."""
    response: Any = as_(user).get(f"{reverse('organisation_export', args=['json'])}?{query}")
    return {row["name"] for row in json.loads(b"".join(response.streaming_content))}


def named(name: str, *others: str, **what_matters: Any) -> Organisation:
    organisation = factories.make_organisation(name=name, **what_matters)
    for text in (name, *others):
        OrganisationName.objects.create(organisation=organisation, text=text, kind="label")
    return organisation


# --- the list ---------------------------------------------------------------------------------------------
def test_names_are_found_in_any_script_and_without_accents() -> None:
    named("Politechnika Łódzka", "Technical University of Łódź")
    named("Tsinghua University", "清华大学")
    named("Санкт-Петербургский университет")
    named("جامعة الإمارات العربية المتحدة")

    assert found("q=lodzka") == {"Politechnika Łódzka"}
    assert found("q=ŁÓDŹ+technical") == {"Politechnika Łódzka"}
    assert found("q=清华") == {"Tsinghua University"}
    assert found("q=华大") == {"Tsinghua University"}
    assert found("q=УНИВЕРСИТЕТ") == {"Санкт-Петербургский университет"}
    assert found("q=الإمارات") == {"جامعة الإمارات العربية المتحدة"}
    assert found("q=harvard") == set()


def test_signs_of_a_pattern_are_ordinary_letters() -> None:
    named("100% Optics")
    named("Under_score")

    assert found("q=%25") == {"100% Optics"}
    assert found("q=_") == {"Under_score"}
    assert found("q=%00%27%22%5C") == set()


def test_an_identifier_finds_its_organisation() -> None:
    organisation = named("Somebody")
    named("Somebody else")
    Identifier.objects.create(organisation=organisation, scheme="ror", value="05a28rw58")

    assert found("q=https://ror.org/05a28rw58") == {"Somebody"}


def test_filters_narrow_the_list() -> None:
    places.load()
    poland, japan = places.in_country("PL"), places.in_country("JP")
    named("Polish park", country=poland, kinds=["science_park"], status=S.LISTED)
    named("Polish fund", country=poland, kinds=["investor"])
    named("Japanese park", country=japan, kinds=["science_park"])
    named("Gone park", country=japan, kinds=["science_park"], status=S.DISSOLVED)

    assert found("kind=science_park") == {"Polish park", "Japanese park"}
    assert found("place=PL") == {"Polish park", "Polish fund"}
    assert found("place=x-eu&kind=investor") == {"Polish fund"}
    assert found("state=verified") == {"Polish fund", "Japanese park"}
    assert found("state=ended") == {"Gone park"}
    assert found("kind=castle&place=zz&state=odd") == {"Polish park", "Polish fund", "Japanese park"}


def test_a_stranger_finds_no_draft_by_any_word_and_a_member_finds_their_own() -> None:
    draft = named("Secret Quantum Works", status=S.DRAFT)
    member = factories.make_member(draft)

    assert found("q=quantum") == set()
    assert "Secret Quantum" not in page("/network/?q=quantum")
    assert found("state=mine", member) == {"Secret Quantum Works"}


def test_the_list_says_by_which_name_it_found_an_organisation() -> None:
    named("Tsinghua University", "清华大学")

    html = page("/network/?q=清华")

    assert "Also called" in html
    assert "清华大学" in html


def test_the_list_walks_page_by_page() -> None:
    country = factories.make_place()
    for n in range(52):
        factories.make_organisation(name=f"Organisation {n:03}", country=country)

    first = page("/network/")
    mark = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = page(f"/network/{mark}")

    assert "Organisation 000" in first
    assert "Organisation 051" not in first
    assert "Organisation 051" in second
    assert "Organisation 000" not in second


def test_a_broken_page_mark_gets_words_not_a_crash() -> None:
    page("/network/?page=zzz", status=422)


@pytest.mark.parametrize("url", ["/network/", "/network/map/", "/network/?q=organisation"])
def test_a_page_costs_the_same_queries_for_one_row_and_fifty(
    url: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    named("Organisation of one")
    with django_assert_max_num_queries(20) as few:
        page(url)
    country = factories.make_place("JP")
    for n in range(49):
        named(f"Organisation {n}", f"Alias {n}", country=country)

    with django_assert_num_queries(len(few)):
        page(url)


# --- one organisation -------------------------------------------------------------------------------------
def test_hidden_and_missing_are_the_same_404() -> None:
    draft = factories.make_organisation(status=S.DRAFT)
    missing = detail(draft).replace(str(draft.pk)[:4], "0000")

    def answer(url: str, user: User | None) -> str:
        html = re.sub(r'(FToken": "|middlewaretoken" value=")\w+', r"\1", page(url, user, 404))
        return html.replace(url, "")

    for user in (None, factories.make_user()):
        assert answer(detail(draft), user) == answer(missing, user)


def test_a_record_shows_its_parts_in_their_languages() -> None:
    organisation = named("Łódź University", "罗兹大学", website="https://uni.example", city="Łódź")
    OrganisationName.objects.filter(text="罗兹大学").update(language="zh")
    Identifier.objects.create(organisation=organisation, scheme="ror", value="05a28rw58")
    Label.objects.create(
        organisation=organisation, name="Szkoła", language="pl", issuer="Minister", issued_on="2020-01-01"
    )
    park = named("The Park")
    Relation.objects.create(source=organisation, kind="hosted_by", target=park, stated_by="ror")

    html = page(detail(organisation))

    assert '<bdi lang="zh">罗兹大学</bdi>' in html
    assert 'href="https://ror.org/05a28rw58"' in html
    assert "Szkoła" in html
    assert "is hosted by" in html
    assert "stated by ror" in html
    assert "hosts" in page(detail(park))


def test_a_relation_to_a_hidden_organisation_is_not_shown() -> None:
    organisation, hidden = named("Open"), named("Hidden Lab", status=S.DRAFT)
    Relation.objects.create(source=organisation, kind="parent", target=hidden)
    Organisation.objects.filter(pk=organisation.pk).update(successor=hidden)

    assert "Hidden Lab" not in page(detail(organisation))
    assert "Hidden Lab" in page(detail(organisation), factories.make_steward())


def test_a_record_costs_the_same_queries_with_one_relation_and_fifty(
    django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    organisation = named("Middle")

    def add(n: int) -> None:
        other = factories.make_organisation(country=organisation.country)
        Relation.objects.create(source=organisation, kind="twin", target=other)
        Relation.objects.create(source=other, kind="branch", target=organisation)
        OrganisationName.objects.create(organisation=organisation, text=f"Name {n}", kind="alias")
        Label.objects.create(organisation=organisation, name=f"L{n}", issuer="M", issued_on="2020-01-01")

    add(0)
    with django_assert_max_num_queries(25) as few:
        page(detail(organisation))
    for n in range(1, 50):
        add(n)

    with django_assert_num_queries(len(few)):
        page(detail(organisation))


def test_markup_in_a_name_is_text() -> None:
    organisation = named("<script>alert(1)</script>")

    assert "<script>alert(1)" not in page(detail(organisation))


def test_the_map_links_each_country_to_its_list() -> None:
    places.load()
    named("One", country=places.in_country("PL"))
    named("Two", country=places.in_country("PL"))
    named("Hidden", country=places.in_country("JP"), status=S.DRAFT)

    html = page("/network/map/")

    assert "/network/?place=PL" in html
    assert "/network/?place=JP" not in html


def test_the_criteria_are_published() -> None:
    html = page(reverse("criteria"))

    for criterion in criteria.CRITERIA:
        assert str(criterion.question) in html


# --- download ---------------------------------------------------------------------------------------------
def test_the_download_is_safe_and_holds_what_the_list_holds() -> None:
    named("=cmd|' /C calc'!A0")
    named("Draft", status=S.DRAFT)

    response: Any = as_(None).get(reverse("organisation_export", args=["csv"]))
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))

    assert [row["name"] for row in rows] == ["'=cmd|' /C calc'!A0"]
    assert as_(None).get("/network/organisations.xml").status_code == 404


# --- registering and keeping ------------------------------------------------------------------------------
def test_a_person_registers_fills_in_and_submits() -> None:
    places.load()
    ana = factories.make_user()

    answer = post(
        reverse("organisation_register"),
        ana,
        name="Zakład Optyki",
        name_language="pl",
        kinds=["sme"],
        country="PL",
        website="optyka.example",
    )
    organisation = Organisation.objects.get()
    assert answer.url == detail(organisation)

    parts = {
        "names": {"text": "Optics Works", "language": "en", "kind": "label"},
        "texts": {"language": "pl", "summary": "Soczewki."},
        "identifiers": {"scheme": "vat", "value": "PL 526-000-12-46"},
        "labels": {"name": "Gazela", "language": "pl", "issuer": "Puls", "issued_on": "2020-01-01"},
        "relations": {"kind": "member", "target": named("Optics Cluster").name},
    }
    for part, data in parts.items():
        url = reverse("organisation_part", args=[organisation.pk, part])
        page(url, ana)
        assert post(url, ana, **data).status_code == 302
    facts = {"kinds": ["sme", "start_up"], "country": "PL", "sectors": ["C"], "size_class": "small"}
    assert post(reverse("organisation_edit", args=[organisation.pk]), ana, **facts).status_code == 302
    assert post(reverse("organisation_submit", args=[organisation.pk]), ana).status_code == 302

    organisation.refresh_from_db()
    assert (organisation.status, organisation.kinds, organisation.sectors) == (
        S.SUBMITTED,
        ["start_up", "sme"],
        ["C"],
    )
    assert organisation.relations_out.get().target.name == "Optics Cluster"


def test_what_was_typed_comes_back_with_the_reason() -> None:
    places.load()
    ana = factories.make_user()

    answer = post(
        reverse("organisation_register"),
        ana,
        name="Kept name\u202e",
        kinds=["sme"],
        country="PL",
        city="Łódź",
    )

    assert answer.status_code == 422
    assert b"change the direction" in answer.content
    assert "Łódź" in answer.content.decode()
    assert not Organisation.objects.exists()


def test_registering_twice_asks_first_and_then_obeys() -> None:
    places.load()
    named("Zakład Optyki", country=places.in_country("PL"))
    ana = factories.make_user()
    data = {"name": "ZAKLAD OPTYKI", "kinds": ["sme"], "country": "PL"}

    asked = post(reverse("organisation_register"), ana, **data)
    assert asked.status_code == 422
    assert b"here already" in asked.content
    assert post(reverse("organisation_register"), ana, **data, confirmed="on").status_code == 302


def test_a_hidden_organisation_of_the_same_name_is_not_told() -> None:
    places.load()
    named("Secret", status=S.DRAFT, country=places.in_country("PL"))

    answer = post(
        reverse("organisation_register"), factories.make_user(), name="Secret", kinds=["sme"], country="PL"
    )

    assert answer.status_code == 302


def test_a_wrong_number_is_said_at_its_field() -> None:
    organisation = factories.make_organisation(status=S.DRAFT)
    url = reverse("organisation_part", args=[organisation.pk, "identifiers"])

    answer = post(url, factories.make_member(organisation), scheme="lei", value="5493001KJTIIGC8Y1R13")

    assert answer.status_code == 422
    assert b"check digits" in answer.content
    assert b"5493001KJTIIGC8Y1R13" in answer.content


def test_a_relation_asks_which_when_several_fit() -> None:
    named("Optics Park North")
    named("Optics Park South")
    organisation = factories.make_organisation(status=S.DRAFT)
    manager = factories.make_member(organisation)
    url = reverse("organisation_part", args=[organisation.pk, "relations"])

    unclear = post(url, manager, kind="hosted_by", target="optics park")
    unknown = post(url, manager, kind="hosted_by", target="nobody")

    assert b"Several organisations fit" in unclear.content
    assert b"No organisation of this name" in unknown.content


def test_entries_are_taken_away_one_by_one() -> None:
    ana = factories.make_user()
    organisation = actions.register_organisation(
        by=ana, name="First", name_language="", facts=Facts(kinds=["sme"], country=factories.make_place())
    )
    name = actions.add_name(organisation=organisation, by=ana, text="Second", language="en", kind="label")
    remove = reverse("organisation_part_remove", args=[organisation.pk, "names", name.pk])

    assert post(reverse("organisation_show_name", args=[organisation.pk, name.pk]), ana).status_code == 302
    assert post(remove, ana).status_code == 409
    assert (
        post(remove.replace(str(name.pk), str(organisation.names.get(text="First").pk)), ana).status_code
        == 302
    )
    assert as_(ana).get(remove).status_code == 405


def test_others_are_refused_by_the_forms_of_an_organisation() -> None:
    public, draft = factories.make_organisation(), factories.make_organisation(status=S.DRAFT)
    stranger = factories.make_user()

    for name in ("organisation_edit", "organisation_submit"):
        url = reverse(name, args=[public.pk])
        assert post(url, stranger).status_code == 403
        assert post(reverse(name, args=[draft.pk]), stranger).status_code == 404
        assert as_(None).post(url).status_code == 302
    for part in ("names", "texts", "identifiers", "labels", "relations"):
        assert as_(stranger).get(reverse("organisation_part", args=[public.pk, part])).status_code == 403
    assert as_(stranger).get(reverse("organisation_part", args=[public.pk, "odd"])).status_code == 404


# --- stewards ---------------------------------------------------------------------------------------------
def test_a_steward_takes_up_and_verifies() -> None:
    organisation = named("Waiting One", status=S.SUBMITTED, due_on=factories.in_days(3))
    manager, steward = factories.make_member(organisation), factories.make_steward()
    url = reverse("verification", args=[organisation.pk])

    assert "Waiting One" in page(reverse("verification_list"), steward)
    assert post(reverse("verification_take_up", args=[organisation.pk]), steward).url == url
    page(url, steward)
    data = {f"{name}_met": "on" for name in criteria.NAMES}
    assert post(url, steward, decision="verify", **data).status_code == 422
    data |= {f"{name}_evidence": "register" for name in criteria.NAMES}
    assert post(url, steward, decision="verify", **data).status_code == 302

    organisation.refresh_from_db()
    assert organisation.status == S.VERIFIED
    assert manager.notices.count() == 1


def test_a_steward_sends_back_with_a_reason() -> None:
    organisation = named("Waiting", status=S.UNDER_VERIFICATION, due_on=factories.in_days(3))
    steward, manager = factories.make_steward(), factories.make_member(organisation)
    url = reverse("verification", args=[organisation.pk])

    assert post(url, steward, decision="return").status_code == 422
    assert post(url, steward, decision="return", reason="Number missing").status_code == 302
    assert "Number missing" in page(detail(organisation), manager)


def test_the_steward_is_warned_of_look_alikes_and_duplicates() -> None:
    country = factories.make_place("PL")
    ana = factories.make_user()
    facts = Facts(kinds=["sme"], country=country)
    famous = actions.register_organisation(by=ana, name="China Optics", name_language="en", facts=facts)
    imitation = actions.register_organisation(by=ana, name="Сhina Optics", name_language="en", facts=facts)
    named("CHINA OPTICS", country=country)
    Identifier.objects.create(organisation=famous, scheme="wikidata", value="Q1")
    Identifier.objects.create(organisation=imitation, scheme="wikidata", value="Q1")
    Organisation.objects.filter(pk__in=[famous.pk, imitation.pk]).update(
        status=S.SUBMITTED, due_on=factories.in_days(1)
    )
    steward = factories.make_steward()

    of_imitation = page(reverse("verification", args=[imitation.pk]), steward)
    of_famous = page(reverse("verification", args=[famous.pk]), steward)

    assert "Has the same identifier" in of_imitation
    assert "Words that mix letters" in of_imitation
    assert "Has the same name in the same country" in of_famous


def test_only_stewards_open_the_queue() -> None:
    organisation = factories.make_organisation(status=S.SUBMITTED)
    manager = factories.make_member(organisation)

    for name, arguments in (
        ("verification_list", []),
        ("verification", [organisation.pk]),
        ("verification_take_up", [organisation.pk]),
        ("organisation_suspend", [organisation.pk]),
        ("organisation_reinstate", [organisation.pk]),
        ("organisation_end", [organisation.pk]),
        ("organisation_relist", [organisation.pk]),
    ):
        assert post(reverse(name, args=arguments), manager).status_code == 404


def test_a_steward_suspends_reinstates_ends_and_relists() -> None:
    organisation, heir = named("Doubtful"), named("Heir")
    steward = factories.make_steward()

    def to(name: str) -> str:
        return reverse(name, args=[organisation.pk])

    assert post(to("organisation_suspend"), steward, reason="Doubt").status_code == 302
    page(detail(organisation), status=404)
    assert post(to("organisation_reinstate"), steward).status_code == 302
    page(to("organisation_end"), steward)
    assert post(to("organisation_end"), steward, ending="merged").status_code == 422
    assert post(to("organisation_end"), steward, ending="merged", successor=detail(heir)).status_code == 302
    assert "Heir" in page(detail(organisation))
    assert post(to("organisation_relist"), steward).status_code == 302
    organisation.refresh_from_db()
    assert organisation.status == S.LISTED


# --- suggestions --------------------------------------------------------------------------------------------
def suggested(words: str, user: User | None = None) -> list[tuple[str, str]]:
    client = Client()
    if user is not None:
        client.force_login(user)
    answer = client.get(reverse("organisation_suggest"), {"q": words})
    return [(item["label"], item["value"]) for item in answer.json()["items"]]


def test_a_field_offers_organisations_one_sees_and_names_each_beyond_doubt() -> None:
    poland, egypt = factories.make_place("PL"), factories.make_place("EG")
    one = factories.make_organisation(name="Centre of Optics", country=poland)
    other = factories.make_organisation(name="Centre of Optics", country=egypt)
    factories.make_organisation(name="Optics Works", country=poland)
    factories.make_organisation(name="Optics Unseen", status=S.DRAFT)

    assert suggested("works opt") == [("Optics Works", "Optics Works")]
    assert set(suggested("centre")) == {
        ("Centre of Optics", f"Centre of Optics /network/{organisation.pk}/") for organisation in (one, other)
    }
    assert suggested("unseen") == []
    assert suggested("") == suggested("\x00") == []


def test_what_is_suggested_is_understood_by_the_field_and_by_the_parties_of_an_agreement() -> None:
    person = factories.make_member(factories.make_organisation(name="Home"))
    for name in ("Twin", "Twin", "Twin Works", "Alone"):
        factories.make_organisation(name=name)
    other, several = OtherField(), OrganisationsField()
    other.viewer = several.viewer = person
    values = [value for words in ("twin", "alone") for _label, value in suggested(words, person)]

    assert len({other.clean(value).pk for value in values}) == 4
    assert len({organisation.pk for organisation in several.clean("\n".join(values))}) == 4


def test_suggestions_cost_the_same_for_one_and_many(django_assert_num_queries: Any) -> None:
    factories.make_organisation(name="Optics 1")
    with CaptureQueriesContext(connection) as one:
        suggested("optics")
    for number in range(2, 8):
        factories.make_organisation(name=f"Optics {number}")

    with django_assert_num_queries(len(one)):
        assert len(suggested("optics")) == 7


# --- what is not published, for stewards ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "status"), [("waiting", S.SUBMITTED), ("draft", S.DRAFT), ("suspended", S.SUSPENDED)]
)
def test_a_steward_searches_what_is_not_published(state: str, status: str) -> None:
    factories.make_organisation(name="Optics of doubt", status=status)
    factories.make_organisation(name="Pumps of doubt", status=status)
    factories.make_organisation(name="Optics known")
    address = f"{reverse('organisation_list')}?state={state}&q=optics"

    for_steward, for_stranger = page(address, factories.make_steward()), page(address)

    names = ("Optics of doubt", "Pumps of doubt", "Optics known")
    assert [name for name in names if name in for_steward] == ["Optics of doubt"]
    assert [name for name in names if name in for_stranger] == []


def test_the_queue_of_verifications_is_searched() -> None:
    for name in ("Оптика Минск", "Pumps"):
        factories.make_organisation(name=name, status=S.SUBMITTED, due_on=factories.in_days(2))
    steward = factories.make_steward()

    found = page(f"{reverse('verification_list')}?q=оптика", steward)
    nothing = page(f"{reverse('verification_list')}?q=zzz%00", steward)

    assert ("Оптика Минск" in found, "Pumps" in found) == (True, False)
    assert "No organisation fits" in nothing


def test_somebody_without_an_organisation_may_ask_to_join_one_that_has_managers() -> None:
    house, empty = factories.make_organisation(), factories.make_organisation()
    manager = factories.make_member(house)
    person = factories.make_user()
    url = reverse("organisation_detail", args=[house.pk])
    ask = reverse("membership_request", args=[house.pk])

    assert ask in page(url, person)
    assert reverse("membership_request", args=[empty.pk]) not in page(
        reverse("organisation_detail", args=[empty.pk]), person
    )
    assert all(ask not in page(url, who) for who in (None, manager, factories.make_steward()))
    assert post(ask, person).status_code == 302
    assert ask not in page(url, person)


def test_the_page_shows_agreements_and_facilities_that_are_public_and_no_other() -> None:
    house = factories.make_organisation()
    for number, tier in enumerate(("public", "mutual")):
        factories.make_agreement(house, factories.make_organisation(), title=f"Accord {tier}", tier=tier)
        factories.make_facility(house, name=f"Laboratory {tier}", tier=tier)
        factories.make_agreement(title=f"Of others {number}")
    url = reverse("organisation_detail", args=[house.pk])
    names = ("Accord public", "Laboratory public", "Accord mutual", "Laboratory mutual", "Of others")

    def shown(user: User | None) -> list[str]:
        body = page(url, user).split("Names")[0]
        return [name for name in names if name in body]

    assert shown(None) == ["Accord public", "Laboratory public"]
    assert shown(factories.make_member(house)) == list(names[:4])


def test_what_an_organisation_has_agreed_is_cut_and_costs_the_same() -> None:
    house = factories.make_organisation()
    url = reverse("organisation_detail", args=[house.pk])

    def queries_of() -> int:
        page(url)
        with CaptureQueriesContext(connection) as captured:
            page(url)
        return len(captured)

    factories.make_agreement(house, factories.make_organisation())
    factories.make_facility(house)
    before = queries_of()
    for _number in range(MOST_ROWS + 2):
        factories.make_agreement(house, factories.make_organisation())
        factories.make_facility(house)

    assert queries_of() == before
    assert page(url).count("There are more; these are the first.") == 2


def told(organisation: Organisation, viewer: User | None) -> list[str]:
    """The history on the page, newest first, as it is read."""
    text = page(detail(organisation), viewer)
    said = re.findall(r'<div class="said">(.*?)</div>', text)
    return [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in said]


def kept_and_verified() -> tuple[Organisation, User, User]:
    """An organisation its manager described and a steward verified, with both."""
    park = factories.make_organisation(name="Park", status=S.DRAFT)
    manager, steward = factories.make_member(park, name="Ana"), factories.make_steward(name="Bo")
    actions.write_text(organisation=park, by=manager, language="en", summary="A park.", description="")
    actions.submit_for_verification(organisation=park, by=manager)
    actions.take_up_verification(organisation=park, by=steward)
    met = {name: actions.Finding(True, "seen") for name in criteria.NAMES}
    actions.verify_organisation(organisation=park, by=steward, findings=met)
    return park, manager, steward


def test_members_read_what_happened_and_the_names_of_their_colleagues_only() -> None:
    park, _manager, _steward = kept_and_verified()
    reader = factories.make_member(park, role="member")

    assert told(park, reader) == [
        "A steward verified the organisation",
        "A steward took up the verification",
        "Ana submitted the entry for verification",
        "Ana wrote the description",
    ]


def test_stewards_read_who_did_it() -> None:
    park, _manager, steward = kept_and_verified()

    assert told(park, steward) == [
        "Bo verified the organisation",
        "Bo took up the verification",
        "Ana submitted the entry for verification",
        "Ana wrote the description",
    ]


def test_the_history_of_an_entry_is_not_for_others() -> None:
    park, _manager, _steward = kept_and_verified()
    elsewhere = factories.make_member(factories.make_organisation())

    assert told(park, None) == []
    assert told(park, elsewhere) == []


def test_every_change_of_an_entry_has_words_in_its_history() -> None:
    source = "".join(path.read_text("utf-8") for path in ACTIONS.glob("*.py"))
    done = set(re.findall(r'action="(directory\.[a-z_]+)"', source))

    assert done == {*history.DECIDED, *history.KEPT}
