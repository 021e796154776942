"""A person whose every trace carries a word of its own, and a search of the whole node for such words."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from serai.accounts import actions as accounts
from serai.accounts.models import AccessRequest, Invitation, Membership, User
from serai.accounts.notices import notify
from serai.agreements.models import Party
from serai.core import mail, outbox
from serai.core.models import IdempotentAnswer, ReadTally
from serai.directory.models import Organisation
from serai.events.models import Interpreter, Outcome
from serai.exchange.models import ListingContact, Review
from serai.persons.models import DataCopy
from tests.factories import (
    make_agreement,
    make_event,
    make_listing,
    make_member,
    make_organisation,
    make_participant,
    make_request,
    make_slot,
    make_table,
    make_user,
)

_number = count(1)


@dataclass
class Planted:
    """`words`: where → the word that stands there. `shown`: the places that a copy shows."""

    user: User
    organisation: Organisation
    colleague: User
    stranger: User
    words: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def word(self, where: str, *, hidden: bool = False) -> str:
        """A new word; `hidden` places (secrets, what others wrote) are not in a copy."""
        self.words[where] = f"canary{next(_number)}zq{where.replace(' ', '')}"
        if hidden:
            self.hidden.add(where)
        return self.words[where]


def plant() -> Planted:
    organisation = make_organisation()
    user = make_member(organisation)
    planted = Planted(user, organisation, make_member(organisation), make_user())
    user.name, user.native_name = planted.word("name"), planted.word("native name")
    user.email = f"{planted.word('address')}@example.org"
    user.save()
    _account(planted)
    _letters(planted)
    _event(planted)
    _cooperation(planted)
    return planted


def _account(planted: Planted) -> None:
    user, word, later = planted.user, planted.word, timezone.now() + timedelta(days=3)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    EmailAddress.objects.create(user=user, email=f"{word('second address')}@example.org")
    Authenticator.objects.create(user=user, type="totp", data={"secret": word("factor", hidden=True)})
    session = SessionStore()
    session["_auth_user_id"], session["note"] = str(user.pk), "signed in"
    session.create()
    UserSession.objects.create(
        user=user, session_key=session.session_key, ip="192.0.2.7", user_agent=word("browser"), data={}
    )
    accounts.create_token(by=user, name=word("token"))
    Membership.objects.filter(user=user).update(office=word("office"))
    Invitation.objects.create(
        email=user.email, name=word("invited name"), organisation=make_organisation(), role="member",
        secret_hash=word("invitation secret", hidden=True), expires_at=later, invited_by=planted.colleague,
    )  # fmt: skip
    AccessRequest.objects.create(
        email=user.email.upper(), name=word("asked name"), organisation_name=word("asked organisation"),
        country_code="PL", message=word("asked message"),
    )  # fmt: skip
    ReadTally.objects.create(principal=f"user:{user.pk}", day=timezone.localdate(), number=7)
    DataCopy.objects.create(user=user, content=word("copy", hidden=True).encode(), expires_at=later)
    IdempotentAnswer.objects.create(principal=f"user:{user.pk}", key=word("answer key"))
    IdempotentAnswer.objects.create(
        principal="token:x",
        key="k",
        body=f'{{"message": "{word("answer body", hidden=True)}", "by": "{user.pk}"}}'.encode(),
    )


def _letters(planted: Planted) -> None:
    user, word = planted.user, planted.word
    membership = Membership.objects.get(user=user)
    for reader in (user, planted.colleague):
        notify(
            user=reader,
            kind="accounts.membership_requested",
            obj=membership,
            values={"person": user.name, "organisation": word(f"notice {reader.pk}", hidden=True)},
            url="/",
            key=f"planted:{reader.pk}",
        )
    # What others read of the organisation stays theirs.
    del planted.words[f"notice {planted.colleague.pk}"]
    values = {"inviter": user.name, "organisation": "House", "url": "https://example.org/x"}
    mail.post(
        letter="accounts.invitation", to="other@example.org", language="en", values=values, key="sent-by-them"
    )
    values["organisation"] = word("letter to them")
    mail.post(
        letter="accounts.invitation", to=user.email.title(), language="en", values=values, key="to-them"
    )
    outbox.deliver_due()


def _event(planted: Planted) -> None:
    user, word = planted.user, planted.word
    event = make_event(owner=user)
    mine = make_participant(event, user=user, organisation=planted.organisation, languages=["en", "eo"])
    make_request(event, requester=mine, message=word("request"))
    asked = make_request(event, invitee=mine, answer=word("answer"))
    slot, table = make_slot(event), make_table(event)
    meeting = asked.meetings.create(event=event, slot=slot, table=table)
    Outcome.objects.create(
        meeting=meeting, participant=mine, due_on=timezone.localdate(), kind="agreed", note=word("outcome")
    )
    Interpreter.objects.create(
        event=make_event(), user=user, name=word("interpreter"), languages=["en", "pl"]
    )


def _cooperation(planted: Planted) -> None:
    user, word = planted.user, planted.word
    own = make_listing(organisation=planted.organisation, owner=user)
    ListingContact.objects.create(
        listing=own,
        name=word("contact name"),
        email=user.email,
        phone=word("telephone"),
        note=word("contact note"),
    )
    other = make_listing(organisation=planted.organisation)
    contact = {"name": user.name, "phone": word("other telephone", hidden=True)}
    ListingContact.objects.create(listing=other, email="desk@example.org", **contact)
    make_listing(title="By others", summary=f"Ask {user.email}, they know.")
    agreement = make_agreement(planted.organisation, make_organisation(), owner=user)
    Party.objects.filter(agreement=agreement, organisation=planted.organisation).update(
        signatory=user.name, signatory_office=word("signatory office"), recorded_by=planted.colleague
    )
    Review.objects.create(
        listing=other, reviewer=user, advantages=3, clarity=3, expectations=3, language_quality=3,
        comment="Clear.", decision="publish",
    )  # fmt: skip


# --- searching -----------------------------------------------------------------------------------------------
def everything(*folders: Path) -> str:
    """Every row of every table as text (binary as hexadecimal), and every file, as one string."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL serai.subject = 'node'")
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        texts = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')  # noqa: S608
            texts += [row[0] for row in cursor.fetchall()]
    files = [p.read_bytes().decode("utf-8", "replace") for f in folders for p in f.rglob("*") if p.is_file()]
    return "\n".join([*texts, *files])


def still_there(words: dict[str, str], text: str) -> list[str]:
    """The places whose word occurs, in plain or in hexadecimal."""
    low = text.lower()
    return [where for where, word in words.items() if word.lower() in low or word.encode().hex() in low]
