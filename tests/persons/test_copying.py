import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from serai.accounts.models import Membership, Notice, User
from serai.agreements.models import Party
from serai.core import audit, outbox
from serai.core.errors import Conflict, NotFound
from serai.core.models import AuditEntry
from serai.exchange.models import ListingContact
from serai.persons import actions, queries
from serai.persons.models import DataCopy
from serai.persons.traces import TRACES
from tests.factories import (
    make_agreement,
    make_event,
    make_listing,
    make_member,
    make_participant,
    make_request,
    make_user,
)
from tests.persons.planted import plant, still_there

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_copy_shows_everything_that_was_planted_and_no_secret() -> None:
    planted = plant()

    files = actions.files_of_copy(planted.user)

    shown = sorted(set(planted.words) - planted.hidden)
    own_notice = f"notice {planted.user.pk}"
    for text in files.values():
        assert sorted(set(still_there(planted.words, text)) - {own_notice}) == shown


@pytest.mark.parametrize("left_out", ["accounts.ApiToken.user", "events.Outcome.participant__user"])
def test_a_table_that_is_left_out_is_missed(left_out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = plant()
    monkeypatch.setattr(queries, "TRACES", tuple(t for t in TRACES if t.name != left_out))

    text = actions.files_of_copy(planted.user)["person.json"]

    assert set(planted.words) - planted.hidden - set(still_there(planted.words, text)) in (
        {"token"},
        {"outcome"},
    )


def test_a_copy_holds_nothing_of_other_people() -> None:
    event = make_event()
    mine = make_participant(event)
    other = make_participant(event, user=make_member(mine.organisation, name="Canary Other"))
    make_request(event, requester=other, invitee=mine, message="canary message to me")
    make_request(event, requester=make_participant(event), invitee=other, message="canary message to another")

    text = "\n".join(actions.files_of_copy(mine.user).values())

    assert "Canary Other" not in text
    assert "canary message to another" not in text
    assert other.user.email not in text
    assert str(other.user.pk) not in text


def test_an_address_that_somebody_only_claims_opens_nothing_of_whose_it_is() -> None:
    victim, claimer = make_user(email="victim@example.org"), make_user()
    EmailAddress.objects.create(user=claimer, email=victim.email, verified=False, primary=False)
    contact = ListingContact.objects.create(listing=make_listing(), email=victim.email, name="Canary Contact")
    payload = {
        "to": victim.email,
        "subject": "Canary letter",
        "body": "https://example.org/join/canary-secret/",
    }
    outbox.put(channel="mail", key="mail:canary", payload=payload)

    claimed, own = ("\n".join(actions.files_of_copy(user).values()) for user in (claimer, victim))

    assert [word for word in (contact.name, "Canary letter", "canary-secret") if word in claimed] == []
    assert [word for word in (contact.name, "Canary letter", "canary-secret") if word not in own] == []
    victim.delete()
    with pytest.raises(NotFound):
        queries.user_named("victim@example.org")


@pytest.mark.parametrize(("status", "is_told"), [("requested", False), ("refused", False), ("left", True)])
def test_whoever_only_asked_to_join_reads_no_signatures_of_an_organisation(
    status: str, is_told: bool
) -> None:
    agreement = make_agreement(status="signed")
    party = agreement.parties.all()[0]
    Party.objects.filter(pk=party.pk).update(signatory="Dr Lin Wei", signed_on=timezone.localdate())
    asker = make_user(name="Lin Wei")
    Membership.objects.create(user=asker, organisation=party.organisation, role="manager", status=status)

    assert ("Dr Lin Wei" in actions.files_of_copy(asker)["person.json"]) == is_told


def test_the_log_in_a_copy_names_no_other_person_at_any_depth() -> None:
    user, other = make_user(), make_user()
    kept = "00000000-0000-0000-0000-00000000abcd"
    data = {"owner": str(other.pk), "people": [str(other.pk), kept], "shares": {str(other.pk): 1, kept: [2]}}
    audit.record(actor=user, action="test.done", obj=user, data=data)
    audit.record(actor=user, action="test.done", obj=other)

    section = next(s for s in queries.sections_of(user) if s.name == "core.AuditEntry")

    assert [row["data"].value for row in section.rows] == [{"people": [kept], "shares": {kept: [2]}}, {}]
    assert [row["object_id"].value for row in section.rows] == [user.pk, None]


def test_the_columns_of_the_table_of_traces_are_columns() -> None:
    for trace in TRACES:
        names = {f.name for f in trace.table._meta.get_fields()}
        assert set(trace.shows) - names == set(), trace.name
        people = {f.name for f in trace.table._meta.get_fields() if getattr(f, "related_model", None) is User}
        assert set(trace.shows) & people == set(), trace.name


def test_choices_are_shown_as_words_and_kept_as_codes() -> None:
    user = make_member(make_participant(make_event()).organisation, role="manager")

    section = next(s for s in queries.sections_of(user) if s.name == "accounts.Membership.user")

    assert (section.rows[0]["role"].value, section.rows[0]["role"].text) == ("manager", "Manager")


# --- the command ---------------------------------------------------------------------------------------------
def test_the_command_writes_two_private_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    user = make_user()

    call_command("export_person", user.email, str(tmp_path / "copy"), "--json")

    told = json.loads(capsys.readouterr().out)
    found = {p.name: oct(p.stat().st_mode & 0o777) for p in (tmp_path / "copy").iterdir()}
    assert found == {"person.json": "0o600", "index.html": "0o600"}
    assert (told["id"], told["rows"]["accounts.User"]) == (str(user.pk), 1)
    assert AuditEntry.objects.filter(action="persons.exported", object_id=user.pk).count() == 1


def test_the_command_does_not_write_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")

    with pytest.raises(CommandError, match="is not empty"):
        call_command("export_person", make_user().email, str(tmp_path))


# --- by oneself ----------------------------------------------------------------------------------------------
def written(user: User) -> DataCopy:
    copy = actions.ask_for_copy(by=user)
    made = actions.write_copy(pk=copy.pk)
    assert made is not None
    return made


def test_a_person_asks_for_their_copy_and_fetches_it() -> None:
    user = make_user(name="Ana Lima")
    client = signed_in(user)

    client.post("/settings/data/")
    copy = DataCopy.objects.get(user=user)
    waiting = client.get("/settings/data/").content.decode()
    actions.write_copy(pk=copy.pk)
    answer = client.get(f"/settings/data/{copy.pk}/download")

    assert "Your copy is being written." in waiting
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert json.loads(packed.read("person.json"))["holds"]["accounts.User"][0]["name"] == "Ana Lima"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith("attachment")
    assert Notice.objects.filter(user=user, kind="persons.copy_written").count() == 1
    assert f"/settings/data/{copy.pk}/download" in client.get("/settings/data/").content.decode()
    assert list(
        AuditEntry.objects.filter(object_id=copy.pk).values_list("action", flat=True).order_by("at")
    ) == [
        "persons.copy_asked",
        "persons.copy_written",
    ]


def test_asking_puts_the_job_into_the_queue() -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    copy = actions.ask_for_copy(by=make_user())

    assert (
        ProcrastinateJob.objects.filter(task_name="persons.write_copy", args={"copy": str(copy.pk)}).count()
        == 1
    )


def test_a_copy_is_the_persons_alone() -> None:
    copy = written(make_user())

    assert signed_in(make_user()).get(f"/settings/data/{copy.pk}/download").status_code == 404
    assert Client().get(f"/settings/data/{copy.pk}/download").status_code == 302


def test_a_copy_ends_after_a_day() -> None:
    user = make_user()
    copy = written(user)
    assert copy.expires_at is not None
    assert copy.expires_at - timezone.now() <= timedelta(hours=24)

    DataCopy.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert signed_in(user).get(f"/settings/data/{copy.pk}/download").status_code == 404
    assert actions.forget_ended() == 1
    assert not DataCopy.objects.exists()


def test_there_is_one_copy_at_a_time() -> None:
    user = make_user()
    written(user)

    with pytest.raises(Conflict, match="Your copy is being written, or lies here already"):
        actions.ask_for_copy(by=user)

    DataCopy.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert actions.ask_for_copy(by=user).content is None


def test_a_copy_is_written_once() -> None:
    copy = written(make_user())

    assert actions.write_copy(pk=copy.pk) is None


def test_the_settings_lead_to_the_copy() -> None:
    assert '"/settings/data/"' in signed_in(make_user()).get("/settings/").content.decode()
