import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from serai.accounts.models import AccessRequest, NodeRole
from tests.factories import in_days, make_member, make_organisation, make_steward, make_user

pytestmark = pytest.mark.django_db

OWN = [
    "/settings/",
    "/settings/tokens/",
    "/notices/",
    "/accounts/2fa/",
    "/accounts/password/change/",
    "/accounts/email/",
]


@pytest.mark.parametrize("path", OWN)
def test_own_pages_ask_strangers_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("path", OWN)
def test_own_pages_answer(client: Client, path: str) -> None:
    client.force_login(make_user())

    assert client.get(path, follow=True).status_code == 200


@pytest.mark.parametrize("path", ["/accounts/login/", "/join/", "/accounts/password/reset/"])
def test_ways_in_answer_everybody(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_colleagues_are_for_managers_only(client: Client) -> None:
    organisation = make_organisation()
    manager = make_member(organisation)
    path = f"/colleagues/{organisation.pk}/"

    client.force_login(make_user())
    assert client.get(path).status_code == 404
    client.force_login(manager)
    assert client.get(path).status_code == 200


def test_requests_to_join_are_for_stewards_only(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/requests-to-join/").status_code == 404
    client.force_login(make_steward())
    assert client.get("/requests-to-join/").status_code == 200


def test_preferences_are_saved_and_wrong_ones_refused(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    good = {
        "name": "Ana",
        "native_name": "",
        "language": "ar",
        "reads": ["en", "fr"],
        "time_zone": "Asia/Shanghai",
    }

    assert client.post("/settings/", {**good, "time_zone": "Mars/Base"}).status_code == 422
    assert client.post("/settings/", good).status_code == 302

    user.refresh_from_db()
    assert (user.name, user.language, user.reads, user.time_zone, user.mail_notices) == (
        "Ana", "ar", ["en", "fr"], "Asia/Shanghai", False,
    )  # fmt: skip


def test_sign_in_works_and_tells_nothing_about_accounts(client: Client) -> None:
    user = make_user(password="correct horse battery")

    wrong = client.post("/accounts/login/", {"login": user.email, "password": "wrong wrong wrong"})
    unknown = client.post(
        "/accounts/login/", {"login": "nobody@example.org", "password": "wrong wrong wrong"}
    )

    assert (wrong.status_code, unknown.status_code) == (200, 200)
    assert (
        wrong.content.replace(user.email.encode(), b"")[-200:]
        == unknown.content.replace(b"nobody@example.org", b"")[-200:]
    )


@pytest.mark.parametrize(
    ("chosen", "greeting"), [("", "Erfolgreich als Ana angemeldet"), ("es", "Ha iniciado sesión")]
)
def test_who_signs_in_is_greeted_in_their_language(client: Client, chosen: str, greeting: str) -> None:
    user = make_user(password="correct horse battery", language="de", name="Ana")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if chosen:
        client.cookies["serai_language"] = chosen

    values = {"login": user.email, "password": "correct horse battery"}
    page = client.post("/accounts/login/", values, follow=True, headers={"accept-language": "fr"})

    said = [str(message) for message in page.context["messages"]]
    assert said[0].startswith(greeting), said


@pytest.mark.parametrize(
    ("words", "found"), [("farouk", ["F"]), ("cairo park", ["F"]), ("@b.example", ["B"])]
)
def test_requests_to_join_are_searched_and_name_the_country(
    client: Client, words: str, found: list[str]
) -> None:
    for name, house, email, code in (
        ("Nadia Farouk", "Cairo Science Park", "f@a.example", "EG"),
        ("Bo Li", "Wuhan Optics", "b@b.example", "CN"),
    ):
        AccessRequest.objects.create(
            name=name, organisation_name=house, email=email, country_code=code, due_on=in_days(3)
        )
    client.force_login(make_steward())

    page = client.get("/requests-to-join/", {"q": words}).content.decode()

    shown = {"F": "Nadia Farouk", "B": "Bo Li"}
    assert [key for key, name in shown.items() if name in page] == found
    assert ("Egypt" in page, "EG ·" in page) == ("F" in found, False)


def test_a_search_among_requests_that_finds_none_offers_all(client: Client) -> None:
    client.force_login(make_steward())

    page = client.get("/requests-to-join/", {"q": "nobody\x00"}).content.decode()

    assert "Nobody fits these words" in page
    assert "Show all" in page


def test_a_node_role_is_given_by_the_secretariat_only() -> None:
    from serai.accounts import actions
    from serai.core.errors import NotAllowed

    secretary = make_user()
    actions.grant_node_role(user=secretary, role=NodeRole.Role.SECRETARIAT, by=None)
    person = make_user()

    with pytest.raises(NotAllowed):
        actions.grant_node_role(user=person, role=NodeRole.Role.STEWARD, by=person)
    actions.grant_node_role(user=person, role=NodeRole.Role.STEWARD, by=secretary)

    assert person.node_roles.get().role == "steward"


def test_a_steward_answers_a_request_to_join_with_a_draft_of_the_organisation(client: Client) -> None:
    from serai.accounts import actions
    from serai.accounts.models import AccessRequest, Invitation

    actions.request_access(
        email="n@example.org",
        name="N",
        organisation_name="New Park",
        country_code="PL",
        message="",
        language="en",
    )
    request = AccessRequest.objects.get()
    client.force_login(make_steward())

    assert client.get("/requests-to-join/").status_code == 200
    path = f"/network/requests-to-join/{request.pk}/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"organisation": ""}).status_code == 302

    assert Invitation.objects.get().organisation.name == "New Park"
    client.force_login(make_user())
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("address", ["/accounts/password/change/", "/accounts/password/reset/"])
def test_the_one_thing_to_do_on_a_page_of_the_way_in_stands_out(address: str) -> None:
    client = Client()
    if "change" in address:
        client.force_login(make_user(password="correct horse battery staple"))

    page = client.get(address).content.decode().split("<main")[1]

    assert 'class="btn btn-primary"' in page
