import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serai.accounts.models import NodeRole
from serai.core.tiers import Tier
from serai.observatory import actions, indicators
from tests.factories import (
    make_agreement,
    make_facility,
    make_listing,
    make_member,
    make_organisation,
    make_place,
    make_project,
    make_result,
    make_user,
)

pytestmark = pytest.mark.django_db

CODES = [indicator.code for indicator in indicators.ALL]


def _page(url: str, person: object = None) -> str:
    client = Client()
    if person is not None:
        client.force_login(person)  # type: ignore[arg-type]
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_first_page_shows_what_everybody_may_see_and_nothing_else() -> None:
    make_listing(title="An open offer")
    make_listing(title="A draft", status="draft")
    make_agreement(title="Secret", tier=Tier.MUTUAL)

    page = _page(reverse("front"))

    assert "An open offer" in page
    assert "A draft" not in page
    assert "Secret" not in page
    assert f'action="{reverse("search")}"' in page


def test_whoever_is_signed_in_comes_from_the_first_page_to_today_with_the_search_at_hand() -> None:
    client = Client()
    client.force_login(make_member(make_organisation()))

    answer = client.get(reverse("front"), follow=True)

    assert answer.redirect_chain == [(reverse("today"), 302)]
    assert f'action="{reverse("search")}"' in answer.content.decode()


@pytest.mark.parametrize("code", CODES)
def test_every_indicator_has_its_page_records_and_download_when_empty_and_when_full(code: str) -> None:
    for _turn in range(2):
        _page(reverse("indicator_detail", args=[code]))
        _page(reverse("indicator_records", args=[code]))
        answer = Client().get(reverse("indicator_export", args=[code, "csv"]))
        assert code.encode() in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        make_agreement(kind="intergovernmental", fields_of_science=["energy"])
        make_facility()
        make_result()


def test_the_records_of_a_figure_lead_to_their_pages() -> None:
    laboratory = make_facility(name="Light laboratory", field="energy")
    make_facility(name="Health laboratory", field="health")

    page = _page(reverse("indicator_records", args=["joint_laboratories"]) + "?field=energy&year=2026")

    assert reverse("facility_detail", args=[laboratory.pk]) in page
    assert "Health laboratory" not in page


@pytest.mark.parametrize(
    "query", ["?year=0", "?year=%C2%B2", "?country=%00", "?field='--", "?page=-1", "?page=x"]
)
def test_odd_addresses_are_answered_calmly(query: str) -> None:
    make_facility()

    _page(reverse("indicator_records", args=["joint_laboratories"]) + query)
    _page(reverse("agreement_list") + query)
    _page(reverse("project_list") + query)
    _page(reverse("facility_list") + query)
    _page(reverse("result_list") + query)


@pytest.mark.parametrize(
    "url", ["/observe/nothing/", "/observe/nothing/records/", "/observe/ties/ZZ/", "/observe/figures.exe"]
)
def test_what_is_not_there_is_not_found(url: str) -> None:
    assert Client().get(url).status_code == 404


def test_ties_between_two_countries_list_their_records() -> None:
    polish, kenyan = make_organisation(country=make_place("PL")), make_organisation(country=make_place("KE"))
    make_agreement(polish, kenyan, title="Batteries")
    make_project(polish, make_organisation(country=make_place("TH")), title="Rivers")

    pair, country = (
        _page(reverse("pair_ties", args=["PL", "KE"])),
        _page(reverse("country_ties", args=["PL"])),
    )

    assert "Batteries" in pair
    assert "Rivers" not in pair
    assert "Batteries" in country
    assert "Rivers" in country


def _columns(page: str) -> list[list[str]]:
    """The rows of the last table of a page, tags taken out."""
    body = page[page.rindex("<tbody>") : page.rindex("</tbody>")]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]*>", "", cell).split()) for cell in row] for row in cells]


def test_pairs_of_countries_are_counted_by_kind_and_sorted_by_any_column() -> None:
    polish, kenyan, thai = (make_organisation(country=make_place(code)) for code in ("PL", "KE", "TH"))
    make_agreement(polish, kenyan, in_force_on=date(2026, 2, 1))
    make_project(polish, kenyan, landed_on=date(2026, 3, 1))
    make_facility(thai, kenyan, founded_on=date(2026, 4, 1))
    joined = ["Kenya – Poland", "2", "1", "1", "0", "1 Mar 2026"]
    founded = ["Kenya – Thailand", "1", "0", "0", "1", "1 Apr 2026"]

    page = _page(reverse("ties"))
    table = b"".join(Client().get("/observe/ties.csv").streaming_content).decode()  # type: ignore[attr-defined]

    assert _columns(page) == [joined, founded]
    assert _columns(_page(reverse("ties") + "?sort=-day")) == [founded, joined]
    assert _columns(_page(reverse("ties") + "?sort=countries")) == [joined, founded]
    assert _columns(_page(reverse("ties") + "?sort=nonsense")) == [joined, founded]
    assert 'aria-sort="descending"><a href="?sort=ties">' in page
    assert "KE,PL,2,1,1,0,2026-03-01" in table


def test_records_behind_a_figure_say_with_whom_from_where_and_since_when() -> None:
    polish, kenyan = (make_organisation(country=make_place(code), name=code * 3) for code in ("PL", "KE"))
    make_agreement(polish, kenyan, title="Old", in_force_on=date(2026, 2, 1))
    make_agreement(polish, make_place("TH"), title="New", in_force_on=date(2026, 5, 1))
    pl = "\u2068PLPLPL\u2069"  # each name in its own direction
    new = [
        "New",
        "Cooperation agreement",
        f"{pl} · \u2068Thailand\u2069",
        "Poland · Thailand",
        "1 May 2026",
        "In force",
    ]
    old = [
        "Old",
        "Cooperation agreement",
        f"{pl} · \u2068KEKEKE\u2069",
        "Poland · Kenya",
        "1 Feb 2026",
        "In force",
    ]
    url = reverse("indicator_records", args=["agreements"])

    assert _columns(_page(url)) == [new, old]
    assert _columns(_page(f"{url}?sort=day")) == [old, new]
    assert _columns(_page(f"{url}?country=KE&sort=day")) == [old]
    assert "?country=KE&amp;sort=day" in _page(f"{url}?country=KE")
    assert _columns(_page(reverse("country_ties", args=["PL"]) + "?sort=title")) == [new, old]


def test_a_public_result_of_a_private_project_names_nobody() -> None:
    polish = make_organisation(country=make_place("PL"), name="Quorvane")
    make_result(title="Seen", project=make_project(polish, make_organisation(), tier="mutual"))
    make_result(title="Told", project=make_project(polish, make_organisation()))

    pages = [_page(reverse("indicator_records", args=["results"])), _page(reverse("result_list"))]

    for page in pages:
        assert "Seen" in page
        assert page.count("Quorvane") == 1


def test_a_release_shows_what_a_correction_changed() -> None:
    first = actions.release_year(year=2025)
    make_facility(founded_on=date(2025, 2, 1))
    second = actions.release_year(year=2025, note="A laboratory was reported late.")

    assert reverse("release_detail", args=[second.pk]) in _page(reverse("release_detail", args=[first.pk]))
    assert "A laboratory was reported late." in _page(reverse("release_detail", args=[second.pk]))
    assert "2025" in _page(reverse("release_list"))


@pytest.mark.parametrize("name", ["front", "observe", "ties"])
def test_a_page_costs_the_same_number_of_queries_for_one_and_three_records(name: str) -> None:
    def cost() -> int:
        make_listing(organisation=make_organisation(country=make_place("KE")))
        make_agreement(
            make_organisation(country=make_place("KE")), make_organisation(country=make_place("PL"))
        )
        with CaptureQueriesContext(connection) as captured:
            _page(reverse(name))
        return len(captured)

    cost()
    one = cost()
    cost()

    assert cost() == one


# --- today and help ---------------------------------------------------------------------------------------
def test_today_shows_what_waits_for_a_person_by_date() -> None:
    ours = make_organisation()
    person = make_member(ours)
    agreement = make_agreement(
        ours, make_organisation(), status="approved", title="To sign", signed_on=None, in_force_on=None
    )

    page = _page(reverse("today"), person)

    assert "Record your signature" in page
    assert "To sign" in page
    assert reverse("agreement_sign", args=[agreement.pk, agreement.parties.get(organisation=ours).pk]) in page
    assert "Nothing waits for you" in _page(reverse("today"), make_member(make_organisation()))


def test_today_is_for_people_who_are_signed_in() -> None:
    assert Client().get(reverse("today")).status_code == 302


def test_help_is_for_everybody() -> None:
    assert "The chain" in _page(reverse("help"))
    assert "Idempotency-Key" in _page(reverse("help_api"))


# --- the programming interface ----------------------------------------------------------------------------
def test_indicators_come_with_definition_value_parts_and_record_ids() -> None:
    laboratory = make_facility(field="energy")

    every = Client().get("/api/v1/indicators").json()
    one = Client().get("/api/v1/indicators/joint_laboratories").json()
    behind = Client().get("/api/v1/indicators/joint_laboratories/records?field=energy").json()

    assert [i["code"] for i in every] == CODES
    assert (one["value"], one["records"]) == (1, [str(laboratory.pk)])
    assert {"dimension": "field", "member": "energy", "label": "Energy", "value": 1} in one["parts"]
    assert behind == {"record_kind": "facility", "records": [str(laboratory.pk)]}
    assert Client().get("/api/v1/indicators/joint_laboratories/records?colour=red").status_code == 422
    assert Client().get("/api/v1/indicators/nothing").status_code == 404


def test_only_the_secretariat_freezes_a_release_over_the_interface() -> None:
    secretary = make_user()
    NodeRole.objects.create(user=secretary, role=NodeRole.Role.SECRETARIAT)
    client = Client()
    body = {"year": 2025}

    assert Client().post("/api/v1/releases", body, content_type="application/json").status_code in {401, 403}
    client.force_login(make_user())
    assert client.post("/api/v1/releases", body, content_type="application/json").status_code == 404
    client.force_login(secretary)
    answer = client.post("/api/v1/releases", body, content_type="application/json")
    assert answer.status_code == 201
    assert {value["indicator"] for value in answer.json()["values"]} >= set(CODES)
    assert client.get("/api/v1/releases").json()["count"] == 1


def test_the_secretariat_freezes_a_year_on_a_page() -> None:
    secretary = make_user()
    NodeRole.objects.create(user=secretary, role=NodeRole.Role.SECRETARIAT)
    client, url = Client(), reverse("release_new")
    assert client.get(url).status_code == 302  # to the sign-in
    client.force_login(make_user())
    assert client.post(url, {"year": "2025"}).status_code == 404  # not theirs: as if it were not there

    client.force_login(secretary)
    assert url in client.get(reverse("release_list")).content.decode()
    frozen = client.post(url, {"year": "2025"}, follow=True)
    again = client.post(url, {"year": "2025"})

    assert "2025" in frozen.content.decode()
    assert again.status_code == 422  # a correction says what it changes
    assert url not in _page(reverse("release_list"))


def test_figures_say_how_they_are_cited_and_a_release_downloads_what_it_froze() -> None:
    make_agreement()
    release = actions.release_year(year=2026)

    figure = _page(reverse("indicator_detail", args=["agreements"]))
    frozen = _page(reverse("release_detail", args=[release.pk]))
    answer = Client().get(reverse("release_export", args=[release.pk, "csv"]))
    table = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    head, *rows = table.lstrip("\ufeff").splitlines()

    assert "http://testserver/observe/agreements/" in figure
    assert "CC-BY-4.0" in figure
    assert f"http://testserver/observe/releases/{release.pk}/" in frozen
    assert reverse("release_detail", args=[release.pk]) in figure
    assert head == "release,as_of,status,indicator,dimension,member,value,is_suppressed,licence"
    assert len(rows) == release.values.count()
    assert any(row.startswith(f"2026.1,{release.as_of},") and ",agreements,,,1" in row for row in rows)
    assert Client().get(f"/observe/releases/{release.pk}.exe").status_code == 404
