"""Forgetting a person. What tells of them goes; what others concluded with them stays, with "erased person".

The account's row stays and says nothing: the log, meetings and signatures lead to its id, and the chain of the log
still verifies, since entries hold ids and never names.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts import actions as accounts
from serai.accounts.models import Membership, NodeRole, Notice, User
from serai.agreements.models import Party
from serai.core import audit
from serai.core.errors import Conflict
from serai.core.models import IdempotentAnswer, OutboxMessage
from serai.events import actions as events
from serai.events.lifecycle import PARTICIPANT
from serai.events.models import Event, Participant
from serai.exchange.models import Listing, ListingContact, ListingSearch, ListingVector, Match
from serai.exchange.news import encode_soon
from serai.node import erasures
from serai.persons import letters, queries, sweep
from serai.persons.models import Erasure
from serai.persons.queries import Person
from serai.persons.traces import ERASED, TRACES

_OVER = [Event.Status.ENDED, Event.Status.REPORTED, Event.Status.CANCELLED]
_TEXTS_OF_LISTINGS = ("exchange_listingteaser", "exchange_listingdetail")


@dataclass
class Erased:
    """What happened, for the operator. `left` names the tables and columns in which others wrote the name."""

    id: UUID
    handed_over: int = 0
    managers: dict[str, str | None] = field(default_factory=dict)
    """Organisation (or `secretariat`) → id of who follows; None where there was nobody."""
    letters: int = 0
    left: list[sweep.Found] = field(default_factory=list)


@transaction.atomic
def erase_person(*, user: User, force: bool = False, at: datetime | None = None) -> Erased:
    """Erase a person. `at` is when it was done, where it is done again after a restore.

    Raises Conflict if they are erased already, or if an organisation or the node would be left without anybody in
    charge; with `force` the longest-serving colleague follows, or, if there is none, nobody.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if Erasure.objects.filter(pk=user.pk).exists():
        raise Conflict(_("This person has been erased already."))
    vacancies = queries.vacancies_after(user)
    if not force:
        _must_be_replaceable(vacancies)
    person = queries.person_of(user)
    done = Erased(id=user.pk)
    _leave_events(user)
    _follow(user, vacancies, done)
    done.handed_over = _hand_over(person)
    _unsign(person)
    _withdraw_letters(person, user)
    _forget_rows(person)
    _end_sessions(person)
    _empty(user)
    _sweep_addresses(person)
    audit.record(actor=None, action="persons.erased", obj=user)
    Erasure.objects.create(pk=user.pk, at=at or timezone.now())
    done.left = sweep.find([*person.names, *person.emails])
    transaction.on_commit(lambda: _after_commit(person, done))
    return done


def erase_again(*, ledger: Mapping[str, str]) -> int:
    """After a restore: erase whoever the ledger names and the database knows. Returns how many came back."""
    known = {str(pk) for pk in Erasure.objects.values_list("pk", flat=True)}
    returned = 0
    for pk, at in ledger.items():
        user = User.objects.filter(pk=pk).first() if pk not in known else None
        if user is not None:
            erase_person(user=user, force=True, at=datetime.fromisoformat(at))
            returned += 1
    return returned


def _after_commit(person: Person, done: Erased) -> None:
    done.letters = letters.scrub(settings.CONFIG.mail_dir, person, _names_of_nobody_else(person))
    lines = {str(e.pk): e.at.isoformat() for e in Erasure.objects.order_by("at")}
    erasures.publish(settings.CONFIG, lines)


# --- who follows ---------------------------------------------------------------------------------------------


def _must_be_replaceable(vacancies: queries.Vacancies) -> None:
    if vacancies.organisations:
        names = ", ".join(organisation.name for organisation in vacancies.organisations)
        raise Conflict(
            _("Nobody else manages %(organisations)s. Let them name another manager first.")
            % {"organisations": names}
        )
    if vacancies.secretariat:
        raise Conflict(_("Nobody else is the secretariat of this node. Give somebody this role first."))


def _follow(user: User, vacancies: queries.Vacancies, done: Erased) -> None:
    for organisation in vacancies.organisations:
        heir = _heir([organisation.pk], but=user.pk)
        done.managers[organisation.name] = str(heir.pk) if heir else None
        if heir is not None:
            membership, _new = Membership.objects.get_or_create(
                user=heir,
                organisation=organisation,
                role=Membership.Role.MANAGER,
                status=Membership.Status.ACTIVE,
            )
            audit.record(actor=None, action="persons.manager_followed", obj=membership)
    if vacancies.secretariat:
        others = NodeRole.objects.filter(user__is_active=True).exclude(user=user).order_by("created_at")
        first = others.select_related("user").first()
        done.managers["secretariat"] = str(first.user_id) if first else None
        if first is not None:
            accounts.grant_node_role(user=first.user, role=NodeRole.Role.SECRETARIAT, by=None)


def _heir(organisations: Iterable[UUID], *, but: UUID) -> User | None:
    """The longest-serving active manager of these organisations, else their longest-serving member."""
    serving = Membership.objects.filter(
        organisation_id__in=list(organisations), status=Membership.Status.ACTIVE, user__is_active=True
    ).exclude(user_id=but)
    found = serving.select_related("user").order_by("created_at")
    first = found.filter(role=Membership.Role.MANAGER).first() or found.first()
    return first.user if first else None


def _hand_over(person: Person) -> int:
    """What the person answered for goes to a colleague of the organisation it belongs to, or to nobody."""
    own, number = set(queries.organisations_of(person)), 0
    for trace in TRACES:
        if trace.fate != "hand over":
            continue
        for row in queries.rows_of(trace, person):
            sides = set(trace.table._default_manager.filter(pk=row.pk).values_list(trace.sides, flat=True))
            trace.table._default_manager.filter(pk=row.pk).update(owner=_heir(sides & own, but=person.id))
            number += 1
    return number


# --- what goes -----------------------------------------------------------------------------------------------


def _leave_events(user: User) -> None:
    """Registrations for what is still to come end as if the person had withdrawn: those they would meet are told."""
    coming = Participant.objects.filter(user=user).exclude(event__status__in=_OVER)
    for participant in coming.select_related("event"):
        status = Participant.Status.CONFIRMED if participant.checked_in_at else participant.status
        if PARTICIPANT.may_follow(status, Participant.Status.WITHDRAWN):
            events.withdraw_participant(participant=participant, by=user)


def _unsign(person: Person) -> None:
    """The signature stays, for the organisation; the name under it goes. So does that of a listing's contact."""
    signed = list(queries.signatures_of(person).values_list("pk", flat=True))
    Party.objects.filter(pk__in=signed).update(signatory=ERASED, signatory_office="")
    named = ListingContact.objects.filter(
        name__in=person.names, listing__organisation__in=queries.organisations_of(person)
    )
    named.update(name="", email="", phone="", note="")


def _withdraw_letters(person: Person, user: User) -> None:
    """Letters to the person go, sent or not; in letters and notices to others their name is replaced."""
    own = [str(pk) for pk in Notice.objects.filter(user=user).values_list("pk", flat=True)]
    OutboxMessage.objects.filter(payload__notice__in=own).delete()
    queries.letters_to(person).delete()
    names = _names_of_nobody_else(person)
    for notice in _telling(Notice, "values", names):
        notice.values = _renamed(notice.values, names)
        notice.save(update_fields=["values"])
    for message in _telling(OutboxMessage, "payload", names):
        message.payload = _renamed(message.payload, names)
        message.save(update_fields=["payload"])


def _names_of_nobody_else(person: Person) -> frozenset[str]:
    """A namesake keeps their name where nothing but the name tells who is meant."""
    others = User.objects.exclude(pk=person.id).filter(
        Q(name__in=person.names) | Q(native_name__in=person.names)
    )
    taken = {name for pair in others.values_list("name", "native_name") for name in pair}
    return person.names - taken


def _telling(model: Any, column: str, names: Iterable[str]) -> Iterator[Any]:
    wanted = Q(pk__in=[])
    for name in names:
        wanted |= Q(text__contains=name.replace("\\", "\\\\").replace('"', '\\"'))
    yield from model.objects.annotate(text=Cast(column, TextField())).filter(wanted).iterator()


def _renamed(value: Any, names: Iterable[str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(part, names) for key, part in value.items()}
    if isinstance(value, str):
        return letters.renamed(value, names)
    return value


def _forget_rows(person: Person) -> None:
    """What the table of traces says, row by row; and what was answered to programs about these rows."""
    touched: list[str] = [str(person.id)]
    for trace in TRACES:
        rows = list(queries.rows_of(trace, person).values_list("pk", flat=True))
        found = trace.table._default_manager.filter(pk__in=rows)
        if trace.fate == "delete":
            found.delete()
        elif isinstance(trace.fate, Mapping):
            found.update(**trace.fate)
        if trace.fate == "delete" or isinstance(trace.fate, Mapping):
            touched += [str(pk) for pk in rows if isinstance(pk, UUID)]
    for participant in Participant.objects.filter(user_id=person.id):
        participant.absent_slots.clear()
    _forget_answers([*touched, *person.emails, *person.names])


def _forget_answers(words: list[str]) -> None:
    """Answers kept for programs, whoever asked, that speak of the person. A repeated POST is then a new one."""
    encoded = [word.encode() for word in words]
    for answer in IdempotentAnswer.objects.only("pk", "body").iterator(chunk_size=200):
        if any(word in bytes(answer.body) for word in encoded):
            answer.delete()


def _end_sessions(person: Person) -> None:
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(person.id):
            session.delete()


def _empty(user: User) -> None:
    user.email = f"{user.pk}@erased.invalid"
    user.name, user.native_name = ERASED, ""
    user.language, user.reads, user.time_zone = "en", [], "UTC"
    user.mail_notices, user.is_active, user.last_login = False, False, None
    user.password = make_password(None)
    user.save()


def _sweep_addresses(person: Person) -> None:
    """Addresses are one person's alone, so they go wherever anybody wrote them; listings are indexed anew."""
    changed = sweep.replace(person.emails, ERASED)
    listings = {row["listing_id"] for table in _TEXTS_OF_LISTINGS for row in changed.get(table, [])}
    if listings:
        for model in (ListingSearch, ListingVector, Match):
            model.objects.filter(listing__in=listings).delete()
        Listing.objects.filter(pk__in=listings).update(needs_encoding=True, matching=Listing.Matching.CHANGED)
        encode_soon()
