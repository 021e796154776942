"""Who may see and do what on the exchange."""

from uuid import UUID

from django.db.models import Q, QuerySet

from serai.accounts import policies as people
from serai.accounts.models import Membership
from serai.core import fence, policy
from serai.core.tiers import Tier
from serai.core.viewer import Viewer
from serai.directory.models import Organisation
from serai.exchange.models import (
    Interest,
    Listing,
    ListingContact,
    ListingDetail,
    ListingTeaser,
    Match,
    Review,
)

SHOWN = (Listing.Status.PUBLISHED, Listing.Status.EXPIRED, Listing.Status.CLOSED)
"""Their teasers have been through a review and stay readable, so that a record can be walked back to them."""

EDITABLE = (Listing.Status.DRAFT, Listing.Status.ON_HOLD)

fence.guard(ListingContact)

AGREED = (Interest.Status.ACCEPTED, Interest.Status.IN_CONTACT, Interest.Status.LED_ON)
"""Both sides said yes: each may know the other's name and contact."""

CAN_BE_CARRIED_ON = (Interest.Status.ACCEPTED, Interest.Status.IN_CONTACT)
"""Agreed, and nothing has come of it yet that ended it."""


def owner_stands(listing: str = "") -> Q:
    """The owner is not suspended; `listing` is the path to the listing, such as `other__`.

    While its owner is suspended a listing is shown to its own side and to stewards only; it comes back with it.
    """
    return ~Q(**{f"{listing}organisation__status": Organisation.Status.SUSPENDED})


# --- what is seen -----------------------------------------------------------------------------------------
@policy.visible(
    "exchange.listing.see",
    "Published listings: everybody. Drafts, listings in review and those of a suspended organisation: "
    "the owner's members, and stewards.",
)
def visible_listings(viewer: Viewer) -> QuerySet[Listing]:
    shown = Q(status__in=SHOWN) & owner_stands()
    if not viewer.is_authenticated:
        return Listing.objects.filter(shown)
    if people.is_steward(viewer):
        return Listing.objects.all()
    return Listing.objects.filter(shown | Q(organisation_id__in=people.organisation_ids(viewer)))


def may_see_listing(viewer: Viewer, listing: Listing) -> bool:
    return visible_listings(viewer).filter(pk=listing.pk).exists()


def is_shown(listing: Listing) -> bool:
    """Whether everybody sees it: `visible_listings` of the public visitor for a row at hand; reads `organisation`.

    Other people's records (an interest, a meeting, a case) keep naming a listing after its owner took it back;
    while it is not shown they name its reference and nothing else.
    """
    return listing.status in SHOWN and not is_barred(listing)


def is_barred(listing: Listing) -> bool:
    """Whether its owner is suspended, for a row at hand; reads `organisation`."""
    return listing.organisation.status == Organisation.Status.SUSPENDED


def open_listings(viewer: Viewer) -> QuerySet[Listing]:
    """What stands on the lists, is found, matched and takes interests: no other for its own side and stewards."""
    return visible_listings(viewer).filter(owner_stands(), status=Listing.Status.PUBLISHED)


def is_open(listing: Listing) -> bool:
    """`open_listings` for a row at hand; reads `organisation`."""
    return listing.status == Listing.Status.PUBLISHED and not is_barred(listing)


@policy.visible("exchange.teaser.see", "The public texts of the listings a viewer sees.")
def visible_teasers(viewer: Viewer) -> QuerySet[ListingTeaser]:
    return ListingTeaser.objects.filter(listing__in=visible_listings(viewer))


@policy.visible(
    "exchange.detail.see",
    "The network texts: members of verified organisations for listings they see, and the owner's members.",
    gate=policy.signed_in,
)
def visible_details(viewer: Viewer) -> QuerySet[ListingDetail]:
    if not viewer.is_authenticated:
        return ListingDetail.objects.none()
    if people.is_verified_member(viewer):
        return ListingDetail.objects.filter(listing__in=visible_listings(viewer))
    return ListingDetail.objects.filter(listing__organisation_id__in=people.organisation_ids(viewer))


@policy.visible(
    "exchange.owner.see",
    "Listings whose owner a viewer may know: named ones, their own, those agreed with, and stewards all.",
)
def listings_with_known_owner(viewer: Viewer) -> QuerySet[Listing]:
    seen = visible_listings(viewer)
    if not viewer.is_authenticated:
        return seen.filter(disclosure=Listing.Disclosure.NAMED)
    if people.is_steward(viewer):
        return seen
    mine = people.organisation_ids(viewer)
    agreed = Interest.objects.filter(organisation_id__in=mine, status__in=AGREED).values("listing_id")
    return seen.filter(
        Q(disclosure=Listing.Disclosure.NAMED) | Q(organisation_id__in=mine) | Q(pk__in=agreed)
    )


def may_see_owner(viewer: Viewer, listing: Listing) -> bool:
    return listings_with_known_owner(viewer).filter(pk=listing.pk).exists()


@policy.visible(
    "exchange.contact.see",
    "The contact of a listing: the owner's members, and organisations whose interest was accepted.",
    gate=policy.signed_in,
)
def visible_contacts(viewer: Viewer) -> QuerySet[ListingContact]:
    if not viewer.is_authenticated:
        return ListingContact.objects.none()
    mine = people.organisation_ids(viewer)
    agreed = Interest.objects.filter(organisation_id__in=mine, status__in=AGREED).values("listing_id")
    return ListingContact.objects.filter(
        Q(listing__organisation_id__in=mine)
        | (Q(listing_id__in=agreed, listing__status__in=SHOWN) & owner_stands("listing__"))
    )


@policy.visible(
    "exchange.review.see",
    "Reviews of a listing: the owner's members, and stewards.",
    gate=policy.signed_in,
)
def visible_reviews(viewer: Viewer) -> QuerySet[Review]:
    if not viewer.is_authenticated:
        return Review.objects.none()
    if people.is_steward(viewer):
        return Review.objects.all()
    return Review.objects.filter(listing__organisation_id__in=people.organisation_ids(viewer))


@policy.visible(
    "exchange.match.see",
    "Matches between published listings: everybody those made from public texts, verified members all.",
)
def visible_matches(viewer: Viewer) -> QuerySet[Match]:
    return Match.objects.filter(
        owner_stands("listing__"),
        owner_stands("other__"),
        tier__in=tiers_of(viewer),
        listing__status=Listing.Status.PUBLISHED,
        other__status=Listing.Status.PUBLISHED,
    )


@policy.visible(
    "exchange.interest.see",
    "An expression of interest: the members of the two organisations, nobody else.",
    gate=policy.signed_in,
)
def visible_interests(viewer: Viewer) -> QuerySet[Interest]:
    if not viewer.is_authenticated:
        return Interest.objects.none()
    mine = people.organisation_ids(viewer)
    return Interest.objects.filter(Q(organisation_id__in=mine) | Q(listing__organisation_id__in=mine))


def may_see_interest(viewer: Viewer, interest: Interest) -> bool:
    return visible_interests(viewer).filter(pk=interest.pk).exists()


def interests_to_answer(viewer: Viewer) -> QuerySet[Interest]:
    """What waits for a yes or a no of the viewer's organisations."""
    return Interest.objects.filter(
        status=Interest.Status.SENT, listing__organisation_id__in=people.organisation_ids(viewer)
    )


def tiers_of(viewer: Viewer) -> list[str]:
    """The tiers whose texts, words and vectors the viewer's searches and matches may use."""
    return [Tier.PUBLIC, Tier.NETWORK] if people.is_verified_member(viewer) else [Tier.PUBLIC]


def search_tier(viewer: Viewer) -> str:
    """The richest tier the viewer may search; a row of it holds the public text too."""
    return tiers_of(viewer)[-1]


# --- what may be done -------------------------------------------------------------------------------------
def is_member_of(viewer: Viewer, organisation_id: UUID) -> bool:
    return (
        bool(viewer.is_authenticated)
        and people.memberships(viewer).filter(organisation_id=organisation_id).exists()
    )


def is_member(viewer: Viewer) -> bool:
    return bool(viewer.is_authenticated) and people.memberships(viewer).exists()


def own_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    """Those the viewer may publish and send interests for."""
    return Organisation.objects.filter(pk__in=people.organisation_ids(viewer))


def is_own_listing(viewer: Viewer, listing_id: UUID) -> bool:
    """Whether the listing is one of the viewer's own organisations, in whatever state."""
    mine = people.organisation_ids(viewer)
    return Listing.objects.filter(pk=listing_id, organisation_id__in=mine).exists()


def may_edit_listing(viewer: Viewer, listing: Listing) -> bool:
    return is_member_of(viewer, listing.organisation_id)


def may_review_listing(viewer: Viewer, listing: Listing) -> bool:
    """A steward, but never of the organisation that owns the listing."""
    return people.is_steward(viewer) and not is_member_of(viewer, listing.organisation_id)


def may_send_interest(viewer: Viewer, organisation: Organisation) -> bool:
    return is_member_of(viewer, organisation.pk)


def may_answer_interest(viewer: Viewer, interest: Interest) -> bool:
    return is_member_of(viewer, interest.listing.organisation_id)


def may_withdraw_interest(viewer: Viewer, interest: Interest) -> bool:
    return is_member_of(viewer, interest.organisation_id)


def is_side_of(viewer: Viewer, interest: Interest) -> bool:
    return may_answer_interest(viewer, interest) or may_withdraw_interest(viewer, interest)


MANAGING_ROLES = (
    Membership.Role.MANAGER,
    Membership.Role.TRANSFER_OFFICER,
    Membership.Role.DESK_OFFICER,
)
"""Who hears of news about an organisation's listings, beside the listing's own contact person."""

policy.declare("exchange.public", "Everybody: lists and search of what is published.")
policy.declare("exchange.member", "Members of any organisation.", gate=is_member)
policy.declare("exchange.steward", "Stewards: the review of listings.", gate=people.is_steward)
