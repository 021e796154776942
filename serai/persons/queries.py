"""What the node holds about a person: the rows behind `traces`, as a copy shows them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from serai.accounts.models import AccessRequest, Invitation, Membership, NodeRole, User
from serai.accounts.notices import sentences_of
from serai.agreements.models import Party
from serai.core import audit, kinds
from serai.core.errors import NotFound
from serai.core.models import AuditEntry, OutboxMessage
from serai.directory.models import Organisation
from serai.events.models import Event
from serai.persons.traces import TRACES, Trace


@dataclass(frozen=True)
class Person:
    """By what a person is known: the id of the account, addresses in lower case, names as they were written.

    Only addresses that the person has shown to be theirs: anybody can write another's into their account.
    """

    id: UUID
    emails: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True)
class Cell:
    """One value: as programs read it, and as people do."""

    value: Any
    text: str


@dataclass(frozen=True)
class Section:
    """The rows of one table about the person; `columns` are their names, in order."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: list[dict[str, Cell]]


def user_named(who: str) -> User:
    """The account with this id or address. Raises NotFound."""
    try:
        found = User.objects.filter(pk=UUID(who)).first()
    except ValueError:
        found = User.objects.filter(
            Q(email__iexact=who)
            | Q(pk__in=EmailAddress.objects.filter(email__iexact=who, verified=True).values("user_id"))
        ).first()
    if found is None:
        raise NotFound(_("No account has this id or e-mail address: %(who)s") % {"who": who})
    return found


def person_of(user: User) -> Person:
    emails = {user.email.lower()}
    shown = EmailAddress.objects.filter(user=user, verified=True)
    emails |= {e.lower() for e in shown.values_list("email", flat=True)}
    names = {user.name, user.native_name}
    for model in (Invitation, AccessRequest):
        names |= set(model._default_manager.filter(_has_address(emails)).values_list("name", flat=True))
    return Person(user.pk, frozenset(emails), frozenset(n.strip() for n in names if n.strip()))


def _has_address(emails: Iterable[str]) -> Q:
    found = Q(pk__in=[])
    for email in emails:
        found |= Q(email__iexact=email)
    return found


def rows_of(trace: Trace, person: Person) -> QuerySet[Any]:
    if trace.by == "email":
        where = _has_address(person.emails)
    elif trace.by == "principal":
        where = Q(principal=f"user:{person.id}")
    else:
        where = Q(**{trace.by: person.id})
    return trace.table._default_manager.filter(where)


def organisations_of(person: Person) -> QuerySet[Membership, Any]:
    """Ids of the organisations the person belongs or belonged to, for use as a subquery; not of those they only asked."""
    theirs = [Membership.Status.ACTIVE, Membership.Status.LEFT]
    return Membership.objects.filter(user_id=person.id, status__in=theirs).values_list(
        "organisation_id", flat=True
    )


def signatures_of(person: Person) -> QuerySet[Party]:
    """Signatures under the person's name, for an organisation of theirs or recorded by them.

    A name of several words is theirs also with a title or a remark beside it; of one word, only by itself.
    """
    theirs = Q(organisation__in=organisations_of(person)) | Q(recorded_by=person.id)
    named = Q(signatory__in=person.names)
    for name in person.names:
        if " " in name:
            named |= Q(signatory__icontains=name)
    return Party.objects.filter(theirs, named)


def letters_to(person: Person) -> QuerySet[OutboxMessage]:
    found = Q(pk__in=[])
    for email in person.emails:
        found |= Q(payload__to__iexact=email)
    return OutboxMessage.objects.filter(found)


@dataclass(frozen=True)
class Vacancies:
    """What would be left without anybody: organisations without a manager, the node without a secretariat."""

    organisations: list[Organisation]
    secretariat: bool


def vacancies_after(user: User) -> Vacancies:
    managing = Membership.objects.filter(
        role=Membership.Role.MANAGER, status=Membership.Status.ACTIVE, user__is_active=True
    )
    others = managing.exclude(user=user).values("organisation_id")
    alone = managing.filter(user=user).exclude(organisation_id__in=others).values("organisation_id")
    secretaries = NodeRole.objects.filter(role=NodeRole.Role.SECRETARIAT, user__is_active=True)
    return Vacancies(
        organisations=list(Organisation.objects.filter(pk__in=alone).order_by("name")),
        secretariat=secretaries.filter(user=user).exists() and not secretaries.exclude(user=user).exists(),
    )


# --- the copy ------------------------------------------------------------------------------------------------


def sections_of(user: User) -> Iterator[Section]:
    """Everything, in the order of `TRACES`; tables without a row about the person are left out."""
    person = person_of(user)
    yield _account(user)
    for trace in TRACES:
        rows = list(rows_of(trace, person).select_related(*_relations(trace)).order_by("pk"))
        if rows and trace.model == "accounts.Notice":
            yield _notices(trace, rows, user)
        elif rows:
            yield Section(trace.name, trace.label, trace.shows, [_row(row, trace.shows) for row in rows])
    signed = ("organisation", "signatory", "signatory_office", "signed_on")
    if found := list(signatures_of(person).select_related("organisation").order_by("pk")):
        label = _("Signatures in your name")
        yield Section("agreements.Party.signatory", label, signed, [_row(row, signed) for row in found])
    if letters := list(letters_to(person).order_by("created_at")):
        yield _plain(
            "core.OutboxMessage.to",
            _("Letters to you"),
            ({**_picked(m.payload, "to", "subject", "body"), "sent_at": m.sent_at} for m in letters),
        )
    if entries := list(AuditEntry.objects.filter(Q(actor_id=user.pk) | Q(object_id=user.pk)).order_by("seq")):
        yield _plain("core.AuditEntry", _("Entries of the log by you and about you"), _entries(entries, user))


def _account(user: User) -> Section:
    columns = (
        "id", "email", "name", "native_name", "language", "reads", "time_zone", "mail_notices", "is_active",
        "date_joined", "last_login",
    )  # fmt: skip
    return Section("accounts.User", _("Your account"), columns, [_row(user, columns)])


def _notices(trace: Trace, rows: list[Any], user: User) -> Section:
    """As the person may read them now: a notice can name what is no longer open to them."""
    told = [
        {**_row(notice, trace.shows), "text": Cell(sentence, sentence)}
        for notice, sentence in zip(rows, sentences_of(rows, user), strict=True)
    ]
    return Section(trace.name, trace.label, (*trace.shows, "text"), told)


def _plain(name: str, label: str, rows: Iterable[dict[str, Any]]) -> Section:
    told = [{column: Cell(value, _text(value)) for column, value in row.items()} for row in rows]
    return Section(name, label, tuple(told[0]), told)


def _picked(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values.get(name, "") for name in names}


def _entries(entries: list[AuditEntry], user: User) -> Iterator[dict[str, Any]]:
    """What the log says, without the ids of other people."""
    told = [(entry, audit.entry_data(entry)) for entry in entries]
    ids = {text for _entry, data in told for text in _strings(data) if _is_id(text)}
    ids |= {str(entry.object_id) for entry, _data in told}
    others = {
        str(pk) for pk in User.objects.filter(pk__in=ids).exclude(pk=user.pk).values_list("pk", flat=True)
    }
    for entry, data in told:
        yield {
            "seq": entry.seq,
            "at": entry.at,
            "action": entry.action,
            "by_you": entry.actor_id == user.pk,
            "object_kind": entry.object_kind,
            "object_id": entry.object_id if str(entry.object_id) not in others else None,
            "data": _without(data, others),
        }


def _without(value: Any, ids: set[str]) -> Any:
    """The data of an entry without the values, at any depth, that are one of the ids."""
    if isinstance(value, dict):
        return {key: _without(part, ids) for key, part in value.items() if not {key, str(part)} & ids}
    if isinstance(value, list):
        return [_without(part, ids) for part in value if str(part) not in ids]
    return value


def _strings(value: Any) -> Iterator[str]:
    """Every string in the data of an entry, keys too."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _relations(trace: Trace) -> list[str]:
    fields = trace.table._meta.get_fields()
    return [f.name for f in fields if f.name in trace.shows and f.is_relation]


def _row(obj: Model, columns: Iterable[str]) -> dict[str, Cell]:
    return {column: _cell(obj, column) for column in columns}


def _cell(obj: Model, column: str) -> Cell:
    value = getattr(obj, column)
    if isinstance(value, Model):
        shown = kinds.kind_of(value).card(value).title if isinstance(value, Event) else str(value)
        return Cell({"id": str(value.pk), "is": shown}, shown)
    display = getattr(obj, f"get_{column}_display", None)
    return Cell(value, str(display()) if display else _text(value))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)
