"""The ways in: how often one may try, what the answers tell, where the links of letters lead, what files may be."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from serai.accounts.models import User
from tests import factories as f
from tests.trust import walk

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def try_in(email: str, password: str, *, number: int = 0, client: Client | None = None) -> Any:
    """A try from an address of its own, which it also claims in headers that anybody can write."""
    address = f"192.0.2.{number}"
    return (client or Client()).post(
        "/accounts/login/",
        {"login": email, "password": password},
        REMOTE_ADDR=address,
        headers={"x-forwarded-for": f"198.51.100.{number}", "x-real-ip": f"203.0.113.{number}"},
    )


@pytest.fixture
def person() -> User:
    user = f.make_user(email="somebody@example.org", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def test_an_account_is_tried_ten_times_in_a_quarter_of_an_hour_from_any_number_of_addresses(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    check = User.check_password

    def counted(user: User, password: str) -> bool:
        checked.append(password)
        return check(user, password)

    monkeypatch.setattr(User, "check_password", counted)
    begin = timezone.now()
    for number in range(30):
        with time_machine.travel(begin + timedelta(seconds=30 * number), tick=False):
            answer = try_in(person.email, f"wrong guess {number}", number=number)
            assert answer.status_code == 200

    assert 5 <= len(checked) <= 10
    with time_machine.travel(begin + timedelta(minutes=14, seconds=59), tick=False):
        assert "_auth_user_id" not in try_in(person.email, PASSWORD, number=77).client.session  # shut for all
    with time_machine.travel(begin + timedelta(hours=1), tick=False):
        assert try_in(person.email, PASSWORD, number=78).status_code == 302


def test_forged_addresses_do_not_lift_the_limit_of_one_address() -> None:
    """Unknown accounts from one address, each try claiming another: the address behind them counts."""
    answers = [
        Client().post(
            "/accounts/login/",
            {"login": f"person{number}@example.org", "password": "x"},
            REMOTE_ADDR="192.0.2.1",
            headers={"x-forwarded-for": f"198.51.100.{number}"},
        )
        for number in range(40)
    ]

    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)


def test_known_and_unknown_addresses_read_the_same_everywhere(person: User) -> None:
    unknown = "nobody00@example.org"
    assert len(unknown) == len(person.email)
    joining = {"name": "A", "organisation_name": "B", "country_code": "PL", "message": "m"}
    ways: tuple[tuple[str, dict[str, str], str], ...] = (
        ("/accounts/login/", {"password": "wrong wrong wrong"}, "login"),
        ("/accounts/password/reset/", {}, "email"),
        ("/join/", joining, "email"),
    )
    for address, values, name in ways:
        texts = []
        for email in (person.email, unknown):
            answer: Any = Client().post(address, {**values, name: email}, follow=True)
            text = f"{answer.status_code}{walk.text_of(answer)}".replace(email, "ADDRESS")
            texts.append(walk.comparable(text, walk.random_id()))
        assert texts[0] == texts[1], address


@pytest.mark.parametrize("header", ["host", "x-forwarded-host", "x-original-host", "forwarded"])
def test_the_link_of_a_reset_letter_leads_here_whatever_the_request_claims(person: User, header: str) -> None:
    value = "host=elsewhere.example" if header == "forwarded" else "elsewhere.example"

    answer = Client().post("/accounts/password/reset/", {"email": person.email}, headers={header: value})

    letters = [message.body for message in mail.outbox]
    assert "elsewhere" not in str(letters)
    if header == "host":
        assert (answer.status_code, letters) == (400, [])
    else:
        assert re.findall(r"https?://([^/\s]+)/accounts/password/reset/key/", letters[0]) == ["testserver"]


def test_signing_in_changes_the_session_and_a_new_password_ends_the_others(person: User) -> None:
    first, second = Client(), Client()
    first.get("/accounts/login/")
    before = first.session.session_key
    for client in (first, second):
        try_in(person.email, PASSWORD, client=client)
    assert first.session.session_key != before
    assert second.get("/today/").status_code == 200

    first.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another long phrase", "password2": "another long phrase"},
    )

    assert second.get("/today/").status_code == 302
    person.refresh_from_db()
    assert person.check_password("another long phrase")


def test_an_account_that_was_closed_is_out_at_once(person: User) -> None:
    client = Client()
    try_in(person.email, PASSWORD, client=client)
    assert client.get("/today/").status_code == 200

    User.objects.update(is_active=False)

    assert client.get("/today/").status_code == 302
    try_in(person.email, PASSWORD, number=9, client=client)
    assert client.get("/today/").status_code == 302


# --- files --------------------------------------------------------------------------------------------------
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
FILES = {
    "page.pdf": PDF + b"<html><script>alert(1)</script></html>",
    "pixel.png": b"\x89PNG\r\n\x1a\n" + b"<script>alert(1)</script>",
    "words.txt": b"<html><body onload=alert(1)>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "page.html": b"<script>alert(1)</script>",
    "both.gif": b"GIF89a/*<script>alert(1)</script>*/",
}


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_ever_shown_as_a_page_of_ours(name: str) -> None:
    """Whatever is taken, a file of two natures among it, comes back as a download that no browser looks into."""
    ours = f.make_organisation()
    by = f.make_member(ours)
    project = f.make_project(ours, f.make_organisation())
    result = f.make_result(project=project, status="refused", refusal_reason="x", reported_by=by)
    client = Client()
    client.force_login(by)
    client.post(
        f"/build/results/{result.pk}/again/",
        {"evidence_file": SimpleUploadedFile(name, FILES[name], content_type="text/html")},
    )
    result.refresh_from_db()
    if result.evidence_file is None:  # refused; a text and a PDF with something after its end are taken
        assert name != "words.txt"
        return

    answer: Any = client.get(f"/build/results/{result.pk}/evidence/")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    walk.done(answer)
