"""Who sees which organisations and who may change them."""

from uuid import UUID

from django.db.models import Q, QuerySet

from serai.accounts import policies as accounts
from serai.accounts.models import Membership, User
from serai.core import policy
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place

S = Organisation.Status

PUBLIC_STATUSES = (S.LISTED, S.VERIFIED, S.MERGED, S.DISSOLVED, S.WITHDRAWN)
"""Ended organisations stay visible: old records name them, and they say where they went."""

ACTIVE_STATUSES = (S.LISTED, S.VERIFIED)
WAITING_STATUSES = (S.SUBMITTED, S.UNDER_VERIFICATION)

FROM_A_REGISTER = ~Q(source_ref="")

policy.declare("directory.public", "Everybody: the directory's pages; each shows what the visitor may see.")


@policy.visible(
    "directory.organisations",
    "Everybody sees listed, verified and ended organisations; members their own in every state; stewards all.",
)
def visible_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    """Organisations the viewer may see.

    One from an open register stays public while it waits for verification: a claim must not hide it.
    """
    if not viewer.is_authenticated:
        return Organisation.objects.filter(_public())
    if accounts.is_steward(viewer):
        return Organisation.objects.all()
    return Organisation.objects.filter(_public() | Q(pk__in=accounts.organisation_ids(viewer)))


def _public() -> Q:
    return Q(status__in=PUBLIC_STATUSES) | (Q(status__in=WAITING_STATUSES) & FROM_A_REGISTER)


def may_see_organisation(viewer: Viewer, organisation: Organisation) -> bool:
    return visible_organisations(viewer).filter(pk=organisation.pk).exists()


@policy.visible(
    "directory.editable",
    "The organisations a person manages; stewards all.",
    gate=policy.signed_in,
)
def editable_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    """Organisations the viewer may change: not those that have ended, unless a steward."""
    if not viewer.is_authenticated:
        return Organisation.objects.none()
    if accounts.is_steward(viewer):
        return Organisation.objects.all()
    managed = accounts.organisation_ids(viewer, Membership.Role.MANAGER)
    return Organisation.objects.filter(
        pk__in=managed, status__in=(S.DRAFT, *WAITING_STATUSES, *ACTIVE_STATUSES)
    )


def may_edit_organisation(viewer: Viewer, organisation: Organisation) -> bool:
    return editable_organisations(viewer).filter(pk=organisation.pk).exists()


def may_change_checked_facts(viewer: Viewer, organisation: Organisation) -> bool:
    """Names, kind, country, website and identifiers: after verification only a steward changes what was checked."""
    if organisation.status == S.VERIFIED:
        return accounts.is_steward(viewer)
    return may_edit_organisation(viewer, organisation)


@policy.visible(
    "directory.waiting", "Stewards: organisations waiting for verification.", gate=accounts.is_steward
)
def waiting_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    if not accounts.is_steward(viewer):
        return Organisation.objects.none()
    return Organisation.objects.filter(status__in=WAITING_STATUSES)


def may_verify(viewer: Viewer, organisation: Organisation) -> bool:
    """A steward who is no member of the organisation: nobody verifies their own."""
    return accounts.is_steward(viewer) and not is_member(viewer, organisation.pk)


def may_see_history(viewer: Viewer, organisation: Organisation) -> bool:
    """Its members, and stewards: who changed what of an entry is no business of the public's."""
    return accounts.is_steward(viewer) or is_member(viewer, organisation.pk)


def is_member(viewer: Viewer, organisation_id: UUID) -> bool:
    return accounts.memberships(viewer).filter(organisation_id=organisation_id).exists()


@policy.visible("directory.places", "Everybody: countries and regions, unions and groupings.")
def visible_places(viewer: Viewer) -> QuerySet[Place]:
    return Place.objects.all()


def managers_of(organisation: Organisation) -> QuerySet[User]:
    """People to tell about an organisation: its active managers."""
    managers = Membership.objects.filter(
        organisation=organisation, role=Membership.Role.MANAGER, status=Membership.Status.ACTIVE
    )
    return User.objects.filter(pk__in=managers.values("user_id"), is_active=True)
