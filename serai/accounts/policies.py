"""Roles, asked in one place. Other apps build their rules from these."""

from django.db.models import Q, QuerySet

from serai.accounts.models import AccessRequest, ApiToken, Invitation, Membership, NodeRole, Notice, User
from serai.core import policy
from serai.core.asked import once_a_request
from serai.core.viewer import Viewer, id_of


@once_a_request
def node_roles(viewer: Viewer) -> frozenset[str]:
    """The viewer's roles for the whole node."""
    return frozenset(NodeRole.objects.filter(user_id=id_of(viewer)).values_list("role", flat=True))


def has_node_role(viewer: Viewer, *roles: str) -> bool:
    """Whether the viewer has one of the roles for the whole node."""
    return bool(viewer.is_authenticated) and not node_roles(viewer).isdisjoint(roles)


def is_steward(viewer: Viewer) -> bool:
    return has_node_role(viewer, NodeRole.Role.STEWARD, NodeRole.Role.SECRETARIAT)


def is_secretariat(viewer: Viewer) -> bool:
    return has_node_role(viewer, NodeRole.Role.SECRETARIAT)


def memberships(viewer: Viewer) -> QuerySet[Membership]:
    """The viewer's active memberships."""
    return Membership.objects.filter(user_id=id_of(viewer), status=Membership.Status.ACTIVE)


def organisation_ids(viewer: Viewer, *roles: str) -> QuerySet[Membership, object]:
    """Ids of the organisations the viewer belongs to (in one of `roles`, if given), for use as a subquery."""
    mine = memberships(viewer)
    return (mine.filter(role__in=roles) if roles else mine).values_list("organisation_id", flat=True)


@once_a_request
def is_verified_member(viewer: Viewer) -> bool:
    """Whether the viewer may read the network tier: an active member of a verified organisation, or a steward."""
    if not viewer.is_authenticated:
        return False
    return memberships(viewer).filter(organisation__status="verified").exists() or is_steward(viewer)


policy.declare("accounts.steward", "Stewards and the secretariat.", gate=is_steward)
policy.declare("accounts.secretariat", "The secretariat.", gate=is_secretariat)
policy.declare("accounts.verified_member", "Members of verified organisations.", gate=is_verified_member)


@policy.visible("accounts.own_notices", "A person's own notices.", gate=policy.signed_in)
def own_notices(viewer: Viewer) -> QuerySet[Notice]:
    return Notice.objects.filter(user_id=id_of(viewer))


@policy.visible("accounts.own_tokens", "A person's own tokens.", gate=policy.signed_in)
def own_tokens(viewer: Viewer) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user_id=id_of(viewer))


@policy.visible(
    "accounts.people",
    "A person sees themselves, and colleagues of their organisations.",
    gate=policy.signed_in,
)
def visible_people(viewer: Viewer) -> QuerySet[User]:
    colleagues = Membership.objects.filter(
        organisation_id__in=organisation_ids(viewer), status=Membership.Status.ACTIVE
    )
    return User.objects.filter(pk__in=colleagues.values("user_id")) | User.objects.filter(pk=id_of(viewer))


def managed_ids(viewer: Viewer) -> QuerySet[Membership, object]:
    return organisation_ids(viewer, Membership.Role.MANAGER)


@policy.visible(
    "accounts.memberships",
    "A person's own memberships; managers those of their organisation, the secretariat all.",
    gate=policy.signed_in,
)
def visible_memberships(viewer: Viewer) -> QuerySet[Membership]:
    if is_secretariat(viewer):
        return Membership.objects.all()
    return Membership.objects.filter(Q(user_id=id_of(viewer)) | Q(organisation_id__in=managed_ids(viewer)))


def memberships_to_decide(viewer: Viewer) -> QuerySet[Membership]:
    """Requests to join that wait for this manager."""
    return Membership.objects.filter(
        organisation_id__in=managed_ids(viewer), status=Membership.Status.REQUESTED
    )


@policy.visible(
    "accounts.invitations", "Managers see the invitations of their organisations.", gate=policy.signed_in
)
def visible_invitations(viewer: Viewer) -> QuerySet[Invitation]:
    return Invitation.objects.filter(organisation_id__in=managed_ids(viewer))


@policy.visible(
    "accounts.node_roles", "The secretariat sees who has a role for the node.", gate=is_secretariat
)
def visible_node_roles(viewer: Viewer) -> QuerySet[NodeRole]:
    return NodeRole.objects.all() if is_secretariat(viewer) else NodeRole.objects.none()


@policy.visible("accounts.access_requests", "Stewards see and answer requests to join.", gate=is_steward)
def visible_access_requests(viewer: Viewer) -> QuerySet[AccessRequest]:
    return AccessRequest.objects.all() if is_steward(viewer) else AccessRequest.objects.none()


policy.declare("accounts.sign_in", "Everybody: the ways in, with limits on tries.")
policy.foreign_routes(
    {"account_*": "accounts.sign_in", "mfa_*": "core.signed_in", "usersessions_*": "core.signed_in"}
)
