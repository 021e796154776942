"""Who may know of an agreement, read its wording and act for a party.

The tier of an agreement says who may know that it exists, once it is concluded; until then only the parties
do. The wording is the parties' own, whatever the tier.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from serai.accounts.models import Membership
from serai.accounts.policies import is_verified_member, organisation_ids
from serai.agreements.models import Agreement, AgreementBody, Commitment, Party
from serai.core import fence, policy
from serai.core.tiers import Tier
from serai.core.viewer import Viewer
from serai.directory.models import Organisation

fence.guard(AgreementBody)

S = Agreement.Status
CONCLUDED = [S.SIGNED, S.IN_FORCE, S.RENEWAL_DUE, S.EXPIRED, S.TERMINATED]
"""Only what the parties have signed may be known to anybody else."""

ACTS_FOR_ORGANISATION = [
    Membership.Role.MANAGER,
    Membership.Role.DESK_OFFICER,
    Membership.Role.TRANSFER_OFFICER,
    Membership.Role.PROGRAMME_MANAGER,
]
"""Roles that may bind an organisation here; other members read."""


Filter = Callable[[Viewer], QuerySet[Any] | None]
_judged_by: list[Filter] = []


def register_judged(filter_of: Filter) -> None:
    """`filter_of` gives the ids of agreements that a viewer reads because of what they were asked to judge, or None.

    The apps above know who was asked. It opens concluded agreements only, and never their wording.
    """
    _judged_by.append(filter_of)


@policy.visible(
    "agreements.agreement.see",
    "Concluded agreements by their tier (public: everybody, network: verified members); "
    "drafts, and agreements of the mutual tier: members of the parties, and, of concluded ones on which a reported "
    "result rests, whoever is to validate it, until they have.",
)
def visible_agreements(viewer: Viewer) -> QuerySet[Agreement]:
    concluded = Q(status__in=CONCLUDED)
    known = concluded & Q(tier=Tier.PUBLIC)
    if viewer.is_authenticated:
        known |= Q(pk__in=own_parties(viewer).values("agreement_id"))
    if is_verified_member(viewer):
        known |= concluded & Q(tier=Tier.NETWORK)
    for judged in filter(None, (filter_of(viewer) for filter_of in _judged_by)):
        known |= concluded & ~Q(tier=Tier.SEALED) & Q(pk__in=judged)
    return Agreement.objects.filter(known)


@policy.visible(
    "agreements.body.see", "The wording: members of the parties, whatever the tier.", gate=policy.signed_in
)
def visible_bodies(viewer: Viewer) -> QuerySet[AgreementBody]:
    return AgreementBody.objects.filter(agreement__in=own_parties(viewer).values("agreement_id"))


@policy.visible(
    "agreements.commitment.see",
    "Whoever sees the agreement, of concluded public and network agreements; else members of the parties.",
)
def visible_commitments(viewer: Viewer) -> QuerySet[Commitment]:
    return Commitment.objects.filter(agreement__in=visible_agreements(viewer))


def own_parties(viewer: Viewer, *roles: str) -> QuerySet[Party]:
    """The parties the viewer belongs to (in one of `roles`, if given)."""
    return Party.objects.filter(organisation_id__in=organisation_ids(viewer, *roles))


def may_read_wording(viewer: Viewer, agreement: Agreement) -> bool:
    return own_parties(viewer).filter(agreement=agreement).exists()


def may_act(viewer: Viewer, agreement: Agreement) -> bool:
    """Whether the viewer may draft, move and keep the agreement for one of its parties."""
    return own_parties(viewer, *ACTS_FOR_ORGANISATION).filter(agreement=agreement).exists()


def may_sign_for(viewer: Viewer, party: Party) -> bool:
    """For an organisation its own people; for a country without an organisation here, any other party's."""
    if party.organisation_id is None:
        return may_act(viewer, party.agreement)
    return (
        organisation_ids(viewer, *ACTS_FOR_ORGANISATION).filter(organisation=party.organisation_id).exists()
    )


def organisations_acted_for(viewer: Viewer) -> QuerySet[Organisation]:
    """Verified organisations in whose name the viewer may agree to something."""
    return Organisation.objects.filter(
        pk__in=organisation_ids(viewer, *ACTS_FOR_ORGANISATION), status=Organisation.Status.VERIFIED
    )


def may_draft(viewer: Viewer) -> bool:
    return bool(viewer.is_authenticated) and organisations_acted_for(viewer).exists()


policy.declare(
    "agreements.draft", "Those who may act for a verified organisation draft agreements.", gate=may_draft
)
