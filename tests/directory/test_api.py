from typing import Any

import pytest
from django.test import Client

from serai.accounts.models import User
from serai.directory import criteria, places
from serai.directory.models import Organisation, Relation
from tests import factories

pytestmark = pytest.mark.django_db

S = Organisation.Status
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
BASE = "/api/v1/organisations"


def client(user: User | None = None) -> Client:
    found = Client()
    if user:
        found.force_login(user, backend=BACKEND)
    return found


def send(method: str, url: str, user: User | None = None, body: Any = None) -> tuple[int, Any]:
    answer = getattr(client(user), method)(url, body, content_type="application/json")
    return answer.status_code, answer.json()


def test_the_list_shows_what_the_page_shows() -> None:
    factories.make_organisation(name="Open")
    factories.make_organisation(name="Draft", status=S.DRAFT)

    status, body = send("get", BASE)

    assert status == 200
    assert ([o["name"] for o in body["items"]], body["count"], body["is_capped"]) == (["Open"], 1, False)
    assert set(body["items"][0]) == {
        "id",
        "name",
        "name_language",
        "kinds",
        "status",
        "country",
        "city",
        "website",
    }


def test_the_list_goes_on_from_mark_to_mark() -> None:
    for name in "cab":
        factories.make_organisation(name=name)

    _status, first = send("get", f"{BASE}?limit=2")
    _status, second = send("get", f"{BASE}?limit=2&page={first['next']}")

    assert [o["name"] for o in (*first["items"], *second["items"])] == ["a", "b", "c"]
    assert second["next"] == ""


@pytest.mark.parametrize(
    "query",
    [
        "group=1",
        "owner__email__startswith=a",
        "limit=0",
        "limit=101",
        "limit=x",
        "kind=castle",
        "place=zz",
        "state=odd",
        "page=zzz",
        "q=" + "x" * 201,
    ],
)
def test_an_odd_parameter_is_refused(query: str) -> None:
    status, body = send("get", f"{BASE}?{query}")

    assert (status, body["code"]) == (422, "invalid")


def test_hidden_and_missing_are_the_same() -> None:
    draft = factories.make_organisation(status=S.DRAFT)

    hidden = send("get", f"{BASE}/{draft.pk}")
    missing = send("get", f"{BASE}/{str(draft.pk)[:-4]}0000")

    assert hidden == missing
    assert hidden[0] == 404


def test_a_record_leaves_out_relations_to_what_is_hidden() -> None:
    organisation, hidden = factories.make_organisation(), factories.make_organisation(status=S.DRAFT)
    Relation.objects.create(source=organisation, kind="parent", target=hidden)

    _status, body = send("get", f"{BASE}/{organisation.pk}")

    assert (body["relations"], body["successor"]) == ([], None)


def test_an_organisation_is_created_changed_submitted_and_verified() -> None:
    places.load()
    ana, steward = factories.make_user(), factories.make_steward()
    new = {"name": "Zakład Optyki", "name_language": "pl", "kinds": ["sme"], "country": "PL"}

    status, made = send("post", BASE, ana, new)
    assert (status, made["status"], made["country"]) == (201, "draft", "PL")
    url = f"{BASE}/{made['id']}"
    status, changed = send("patch", url, ana, {"city": "Łódź"})
    assert (status, changed["city"], changed["kinds"]) == (200, "Łódź", ["sme"])
    status, submitted = send("post", f"{url}/submit", ana)
    assert (status, submitted["status"]) == (200, "submitted")

    findings = {name: {"is_met": True, "evidence": "register"} for name in criteria.NAMES}
    assert send("post", f"{url}/verify", ana, {"findings": findings})[0] == 404
    assert send("post", f"{url}/verify", steward, {"findings": {}})[0] == 422
    status, verified = send("post", f"{url}/verify", steward, {"findings": findings})
    assert (status, verified["status"]) == (200, "verified")
    assert send("patch", url, ana, {"kinds": ["ministry"]})[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        {"status": "verified"},
        {"owner": "x"},
        {"kinds": None},
        {"country": "QQ"},
        {"website": "javascript:x"},
        {"established": 10**12},
    ],
)
def test_what_may_not_be_written_is_refused(body: dict[str, Any]) -> None:
    organisation = factories.make_organisation(status=S.DRAFT)

    status, _answer = send("patch", f"{BASE}/{organisation.pk}", factories.make_member(organisation), body)

    assert status == 422
    organisation.refresh_from_db()
    assert organisation.status == S.DRAFT


def test_strangers_write_nothing() -> None:
    organisation = factories.make_organisation()

    assert send("post", BASE, None, {"name": "x", "kinds": ["sme"], "country": "PL"})[0] == 401
    assert send("patch", f"{BASE}/{organisation.pk}", None, {"city": "x"})[0] == 401
    assert send("patch", f"{BASE}/{organisation.pk}", factories.make_user(), {"city": "x"})[0] == 403
    assert send("post", f"{BASE}/{organisation.pk}/submit", factories.make_user())[0] == 403


def test_places_are_listed_and_named_in_the_language_asked_for() -> None:
    places.load()

    status, body = send("get", "/api/v1/places?kind=grouping&limit=100")
    assert status == 200
    assert body["count"] == len(body["items"]) == places.groupings().count()
    answer = client().get("/api/v1/places/x-eu", headers={"Accept-Language": "de"}).json()
    assert (answer["name"], len(answer["members"])) == ("Europäische Union", 27)
    assert send("get", "/api/v1/places/zz")[0] == 404
    assert send("get", "/api/v1/places?kind=planet")[0] == 422
