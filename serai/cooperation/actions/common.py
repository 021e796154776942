"""What the actions of this app share: finding what may be changed, and telling the people concerned."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import Membership, User
from serai.accounts.notices import Named, notify
from serai.agreements.models import Agreement
from serai.agreements.policies import ACTS_FOR_ORGANISATION, organisations_acted_for
from serai.cooperation import queries
from serai.cooperation.models import Case, Facility, Project
from serai.core import chain
from serai.core.errors import Invalid, NotAllowed, NotFound
from serai.core.models import Link
from serai.core.viewer import Viewer
from serai.directory.models import Organisation

R = TypeVar("R", bound=Model)


def locked_for(
    record: R,
    by: User,
    *,
    visible: Callable[[Viewer], QuerySet[R]],
    may: Callable[[Viewer, R], bool],
) -> R:
    """Lock a record. Raises NotFound for whoever may not know of it, NotAllowed for whoever may only read."""
    if not visible(by).filter(pk=record.pk).exists():
        raise NotFound(_("Not found."))
    if not may(by, record):
        raise NotAllowed(_("Only those who act for one of the parties can do this."))
    return type(record)._default_manager.select_for_update().get(pk=record.pk)  # type: ignore[attr-defined,no-any-return]


def must_act_for_one(by: User, organisations: Iterable[Organisation]) -> None:
    ids = [organisation.pk for organisation in organisations]
    if not organisations_acted_for(by).filter(pk__in=ids).exists():
        raise NotAllowed(_("You can do this only for an organisation you act for."))


def must_say(value: str, *, name: str, message: str) -> str:
    """The words given, or Invalid naming the field."""
    if not value.strip():
        raise Invalid(message, fields={name: message})
    return value.strip()


def people_of(organisations: Iterable[Organisation]) -> QuerySet[User]:
    """Those who act for these organisations."""
    return User.objects.filter(
        memberships__organisation__in=list(organisations),
        memberships__role__in=ACTS_FOR_ORGANISATION,
        memberships__status=Membership.Status.ACTIVE,
        is_active=True,
    ).distinct()


def own_people_of(case: Case, viewer: Viewer) -> QuerySet[User]:
    """Those who act in the case for the viewer's own side: the other side's people are its own matter."""
    return people_of(case.parties.filter(pk__in=organisations_acted_for(viewer).values("pk")))


def tell(
    people: Iterable[User],
    *,
    kind: str,
    obj: Model,
    title: str | Named,
    url: str,
    key: str,
    but: User | None = None,
) -> None:
    for person in people:
        if but is None or person.pk != but.pk:
            notify(user=person, kind=kind, obj=obj, values={"title": title}, url=url, key=key)


def has_begun(case: Case | None) -> None:
    """The case was to begin something; now that it has, a first result is what comes next."""
    if case is not None:
        begun = Case.objects.filter(pk=case.pk, planned_step=Case.Step.BEGIN)
        begun.update(planned_step=Case.Step.REPORT, updated_at=timezone.now())


def link_parties(organisations: Iterable[Organisation], target: Project | Facility, by: User) -> None:
    """Put a record into the chain after the organisations whose work it is."""
    for organisation in organisations:
        chain.link(source=organisation, relation=Link.Relation.CREATED, target=target, by=by)


def link_beginnings(case: Case | None, target: Agreement | Project | Facility, by: User) -> None:
    """Link what came of a case to the listings it began with.

    The case and the interest between them are seen by the parties only, and the walk of a stranger ends
    there; this link lets everybody walk from a public result back to the public listing.
    """
    if case is not None:
        for listing in queries.named_listings_behind(case):
            chain.link(source=listing, relation=Link.Relation.LED_TO, target=target, by=by)
