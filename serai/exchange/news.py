"""Telling people and the worker what happened on the exchange."""

from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from serai.accounts import notices
from serai.accounts.models import Membership, User
from serai.directory.models import Organisation
from serai.exchange.models import Interest, Listing
from serai.exchange.policies import MANAGING_ROLES

MOST_PEOPLE = 20


def encode_soon() -> None:
    """Wake the worker after the commit: words, vectors, index and matches follow what changed."""
    _defer_once("exchange.refresh")


def _defer_once(task: str) -> None:
    """Put the job into the queue in the caller's transaction, unless one of its name already waits."""
    try:
        with transaction.atomic():
            app.configure_task(task, queueing_lock=task).defer()
    except AlreadyEnqueued:
        return


def people_behind(listing: Listing) -> list[User]:
    """Who hears about a listing: its contact person and the organisation's managers, else its members."""
    told = list(_people(listing.organisation, MANAGING_ROLES))
    owner = listing.owner
    if owner is not None and owner not in told and _belongs(owner, listing.organisation):
        told.insert(0, owner)
    return told or list(_people(listing.organisation, Membership.Role.values))


def _belongs(user: User, organisation: Organisation) -> bool:
    return Membership.objects.filter(
        user=user, organisation=organisation, status=Membership.Status.ACTIVE
    ).exists()


def _people(organisation: Organisation, roles: Iterable[str]) -> Iterable[User]:
    active = Membership.objects.filter(
        organisation=organisation, status=Membership.Status.ACTIVE, role__in=list(roles)
    )
    return User.objects.filter(pk__in=active.values("user_id"), is_active=True).order_by("date_joined")[
        :MOST_PEOPLE
    ]


def tell_owner(listing: Listing, kind: str, *, key: str) -> None:
    """Post a notice about a listing to the people behind it."""
    url, values = reverse("listing_detail", args=[listing.pk]), {"listing": named(listing)}
    for user in people_behind(listing):
        notices.notify(user=user, kind=kind, obj=listing, values=values, url=url, key=key)


def tell_recipient(interest: Interest, kind: str, *, key: str) -> None:
    """Post a notice about an interest to the people behind the listing it answers."""
    _tell(interest, people_behind(interest.listing), kind, interest.organisation.name, key)


def tell_sender(interest: Interest, kind: str, *, key: str) -> None:
    """Post a notice to the sender. The owner's name is left out: the listing may be anonymous."""
    told = list(_people(interest.organisation, MANAGING_ROLES))
    if interest.sender is not None and interest.sender not in told:
        told.insert(0, interest.sender)
    _tell(interest, told, kind, "", key)


def _tell(interest: Interest, people: Iterable[User], kind: str, organisation: str, key: str) -> None:
    url = reverse("interest_detail", args=[interest.pk])
    values = {"listing": named(interest.listing), "organisation": organisation}
    for user in people:
        notices.notify(user=user, kind=kind, obj=interest, values=values, url=url, key=key)


def named(listing: Listing) -> notices.Named:
    """Its title while the reader sees it; the reference of one that was taken back."""
    return notices.Named("listing", listing.pk, otherwise=listing.reference)
