import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client, TestCase
from django.utils import timezone

from serai.accounts.models import Membership, NodeRole, Notice, User
from serai.agreements.models import Agreement, Party
from serai.core import mail
from serai.core.errors import Conflict
from serai.core.models import AuditEntry, OutboxMessage
from serai.events.models import Event, Participant
from serai.exchange.models import Listing, ListingTeaser
from serai.node import erasures
from serai.persons import actions
from serai.persons.models import Erasure
from serai.persons.traces import ERASED, TRACES
from tests.factories import (
    make_agreement,
    make_event,
    make_member,
    make_organisation,
    make_participant,
    make_request,
    make_user,
)
from tests.persons.planted import everything, plant, still_there

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own: letters and the list of erasures are files."""
    from dataclasses import replace

    (tmp_path / "mail").mkdir()
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, home=tmp_path))
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "serai.core.mail.FolderBackend")
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def erase(user: User, **options: Any) -> actions.Erased:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return actions.erase_person(user=user, **options)


def test_nothing_that_was_planted_is_found_after_the_erasure(home: Path) -> None:
    planted = plant()
    before = everything(home, settings.CONFIG.media_dir)
    assert sorted(still_there(planted.words, before)) == sorted(
        planted.words
    )  # control: the search finds all

    done = erase(planted.user)

    assert still_there(planted.words, everything(home, settings.CONFIG.media_dir)) == []
    assert (done.left, done.letters) == ([], 4)


_ENDED = [t for t in TRACES if t.fate == "delete" or isinstance(t.fate, dict)]


# Addresses are not among them: were their table left out, the sweep of all texts would stumble over it.
@pytest.mark.parametrize("trace", [t for t in _ENDED if "EmailAddress" not in t.model], ids=lambda t: t.name)
def test_the_search_finds_what_a_table_that_was_left_out_keeps(
    trace: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line of the table of traces is needed, or tells nothing that could be planted."""
    planted = plant()
    monkeypatch.setattr(actions.erasing, "TRACES", tuple(t for t in TRACES if t is not trace))

    erase(planted.user)

    found = still_there(planted.words, everything(home))
    assert bool(found) == (trace.name in TELLING), (trace.name, found)


TELLING = {
    "mfa.Authenticator.user",
    "usersessions.UserSession.user",
    "accounts.ApiToken.user",
    "accounts.Membership.user",
    "accounts.Invitation.email",
    "accounts.AccessRequest.email",
    "accounts.Notice.user",
    "core.IdempotentAnswer.principal",
    "persons.DataCopy.user",
    "events.MeetingRequest.requester__user",
    "events.MeetingRequest.invitee__user",
    "events.Outcome.participant__user",
    "events.Interpreter.user",
    "exchange.ListingContact.email",
}


def test_every_column_that_leads_to_a_person_is_in_the_table_of_traces() -> None:
    told = {(t.model, t.by) for t in TRACES}
    found = {
        (model._meta.label, column.name)
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.get_fields()
        if column.concrete and getattr(column, "related_model", None) is User
    }

    assert found - told == set()


def test_what_others_concluded_with_the_person_stays() -> None:
    planted = plant()

    erase(planted.user)

    user = User.objects.get(pk=planted.user.pk)
    assert (user.name, user.is_active, user.has_usable_password()) == (ERASED, False, False)
    party = Party.objects.get(organisation=planted.organisation)
    assert (party.signatory, party.signed_on is not None) == (ERASED, True)
    assert list(ListingTeaser.objects.filter(title="By others").values_list("summary", flat=True)) == [
        f"Ask {ERASED}, they know."
    ]


@pytest.mark.parametrize(
    ("name", "signatory", "after"),
    [
        ("Ana Lima", "Dr Ana Lima (Rector)", ERASED),
        ("Ana", "Ana Lima", "Ana Lima"),
        ("Ana", "Ana", ERASED),
        ("Ana Lima", "Eva Lima", "Eva Lima"),
    ],
)
def test_a_name_with_a_title_is_theirs_and_that_of_a_colleague_is_not(
    name: str, signatory: str, after: str
) -> None:
    organisation = make_organisation()
    user, _colleague = make_member(organisation, name=name), make_member(organisation)
    make_agreement(organisation, make_organisation())
    Party.objects.filter(organisation=organisation).update(signatory=signatory)

    erase(user)

    assert Party.objects.get(organisation=organisation).signatory == after


def test_what_the_person_answered_for_is_handed_to_a_manager() -> None:
    planted = plant()

    done = erase(planted.user)

    owners = {
        Listing.objects.get(contact__isnull=False, contact__note="", owner__isnull=False).owner,
        Agreement.objects.get().owner,
    }
    assert owners == {planted.colleague}
    assert not Event.objects.filter(owner=planted.user).exists()
    assert done.handed_over == 3


def test_others_read_notices_without_the_name() -> None:
    planted = plant()

    erase(planted.user)

    notice = Notice.objects.get(user=planted.colleague, kind="accounts.membership_requested")
    assert notice.values["person"] == ERASED


def test_a_namesake_keeps_their_name_in_letters(home: Path) -> None:
    user, namesake = make_user(name="Li Wei"), make_user(name="Li Wei")
    values = {"inviter": namesake.name, "organisation": "House", "url": "https://example.org/x"}
    mail.post(letter="accounts.invitation", to="a@example.org", language="en", values=values, key="n")

    erase(user)

    assert "Li Wei" in OutboxMessage.objects.get().payload["body"]


def test_registrations_for_coming_events_end_and_the_others_are_told() -> None:
    event = make_event()
    mine = make_participant(event)
    request = make_request(event, requester=mine)
    make_member(mine.organisation)

    erase(mine.user)

    mine.refresh_from_db()
    request.refresh_from_db()
    assert (mine.status, mine.languages, mine.consent_listed) == (Participant.Status.WITHDRAWN, [], False)
    assert request.status == "withdrawn"


def test_the_log_holds_the_id_and_no_name() -> None:
    planted = plant()

    erase(planted.user)

    entry = AuditEntry.objects.get(action="persons.erased")
    assert entry.object_id == planted.user.pk
    payloads = "\n".join(AuditEntry.objects.values_list("payload", flat=True))
    assert still_there(planted.words, payloads) == []


def test_tokens_and_sessions_end_at_once() -> None:
    user = make_user()
    client = Client()
    client.force_login(user)
    assert client.get("/settings/").status_code == 200

    erase(user)

    assert client.get("/settings/").status_code == 302


# --- who follows ---------------------------------------------------------------------------------------------
def test_the_last_manager_is_not_erased() -> None:
    organisation = make_organisation(name="House of Reeds")
    manager = make_member(organisation)

    with pytest.raises(Conflict, match="Nobody else manages House of Reeds"):
        erase(manager)

    assert not Erasure.objects.exists()


def test_with_force_the_longest_serving_member_becomes_manager() -> None:
    organisation = make_organisation(name="House of Reeds")
    manager = make_member(organisation)
    first, _second = make_member(organisation, role="member"), make_member(organisation, role="member")

    done = erase(manager, force=True)

    assert done.managers == {"House of Reeds": str(first.pk)}
    assert Membership.objects.filter(user=first, role="manager", status="active").exists()


def test_the_last_secretariat_is_not_erased_and_with_force_a_steward_follows() -> None:
    secretary, steward = make_user(), make_user()
    NodeRole.objects.create(user=secretary, role="secretariat")
    NodeRole.objects.create(user=steward, role="steward")

    with pytest.raises(Conflict, match="Nobody else is the secretariat"):
        erase(secretary)
    erase(secretary, force=True)

    assert list(NodeRole.objects.filter(role="secretariat").values_list("user", flat=True)) == [steward.pk]


def test_nobody_is_erased_twice() -> None:
    user = make_user()
    erase(user)

    with pytest.raises(Conflict, match="already"):
        erase(user)


# --- the list of erasures ------------------------------------------------------------------------------------
def test_the_ledger_holds_id_and_time_only(home: Path) -> None:
    user = make_user(name="Ana Lima")

    erase(user)

    lines = [json.loads(line) for line in (home / erasures.NAME).read_text().splitlines()]
    assert [sorted(line) for line in lines] == [["at", "id"]]
    assert lines[0]["id"] == str(user.pk)


def test_whom_a_backup_brought_back_is_erased_again(home: Path) -> None:
    planted, other = plant(), make_user()
    at = timezone.now().isoformat()

    with TestCase.captureOnCommitCallbacks(execute=True):
        returned = actions.erase_again(
            ledger={str(planted.user.pk): at, "00000000-0000-0000-0000-00000000abcd": at}
        )

    assert returned == 1
    assert still_there(planted.words, everything(home)) == []
    assert User.objects.filter(pk=other.pk, is_active=True).exists()
    assert actions.erase_again(ledger={str(planted.user.pk): at}) == 0


# --- the command ---------------------------------------------------------------------------------------------
def test_the_command_asks_before_it_erases() -> None:
    user = make_user()

    with pytest.raises(CommandError, match="repeat with --yes"):
        call_command("erase_person", user.email)

    assert User.objects.filter(pk=user.pk, is_active=True).exists()


def test_the_command_takes_an_address_or_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = make_user(), make_user()

    call_command("erase_person", first.email.upper(), "--yes")
    call_command("erase_person", str(second.pk), "--yes", "--json")

    assert json.loads(capsys.readouterr().out.splitlines()[-1])["id"] == str(second.pk)
    assert Erasure.objects.count() == 2


def test_the_command_says_where_others_wrote_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    user = make_user(name="Ana Lima Verde")
    ListingTeaser.objects.update(summary="")
    from tests.factories import make_listing

    make_listing(summary="A machine by Ana Lima Verde.")

    call_command("erase_person", user.email, "--yes")

    assert "The name still stands in 1 rows of exchange_listingteaser.summary" in capsys.readouterr().out


def test_an_unknown_person_is_said_to_be_unknown() -> None:
    with pytest.raises(CommandError, match="No account has this id or e-mail address: nobody"):
        call_command("erase_person", "nobody@example.org", "--yes")
