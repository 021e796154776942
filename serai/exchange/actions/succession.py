"""What an organisation published goes on when it merges into another: its listings pass to the successor."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from serai.accounts.models import Membership
from serai.core import audit, chain
from serai.core.models import AuditEntry, Link
from serai.directory.models import Organisation
from serai.exchange import news
from serai.exchange.actions.interests import OPEN
from serai.exchange.models import Interest, Listing

PASSED = "exchange.listing_passed"


@transaction.atomic
def pass_listings(*, old: Organisation, new: Organisation) -> list[Listing]:
    """Make `new` the owner of what `old` published, or began to write; returns the listings that passed.

    Texts, reference, dates, interests and the chain stay as they are. Nothing passes to an organisation without
    active members, since nobody there could answer; and no listing passes whose open interest the successor sent:
    it would answer itself. Both stay with the people of `old`, who go on with them.
    """
    if not Membership.objects.filter(organisation=new, status=Membership.Status.ACTIVE).exists():
        return []
    own = Interest.objects.filter(organisation=new, status__in=OPEN)
    return _moved(Listing.objects.filter(organisation=old).exclude(pk__in=own.values("listing_id")), old, new)


@transaction.atomic
def pass_back(*, old: Organisation, new: Organisation) -> list[Listing]:
    """Undo `pass_listings` for every listing that came from `old` last and is still with `new`."""
    passed = AuditEntry.objects.filter(action=PASSED, object_kind="listing", object_id=OuterRef("pk"))
    rows = Listing.objects.filter(organisation=new)
    rows = rows.annotate(last=Subquery(passed.order_by("-at", "-seq").values("pk")[:1])).filter(
        last__isnull=False
    )
    entries = AuditEntry.objects.in_bulk(rows.values_list("last", flat=True))
    came = [pk for pk, last in rows.values_list("pk", "last") if _came_from(entries[last], old)]
    listings = _moved(Listing.objects.filter(pk__in=came), new, old)
    _published(listings).filter(source_id=new.pk).delete()
    return listings


def _came_from(entry: AuditEntry, old: Organisation) -> bool:
    return bool(audit.entry_data(entry)["from"] == str(old.pk))


def _moved(rows: QuerySet[Listing], source: Organisation, target: Organisation) -> list[Listing]:
    """Give the listings another owner. What was found by the old one's country is worked out anew."""
    listings = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))
    for listing in listings:
        listing.organisation = target
        listing.needs_encoding, listing.matching = True, Listing.Matching.CHANGED
        listing.save(update_fields=["organisation", "needs_encoding", "matching", "updated_at"])
        _follow_in_chain(listing, source, target)
        audit.record(
            actor=None, action=PASSED, obj=listing, data={"from": str(source.pk), "to": str(target.pk)}
        )
    if listings:
        news.encode_soon()
    return listings


def _follow_in_chain(listing: Listing, source: Organisation, target: Organisation) -> None:
    """A listing that says whose it is stands in the chain of its new owner too; in that of the first it stays."""
    if _published([listing]).filter(source_id=source.pk).exists():
        chain.link(source=target, relation=Link.Relation.PUBLISHED, target=listing, by=None)


def _published(listings: Iterable[Listing]) -> QuerySet[Link]:
    """What ties listings to the organisations they were of."""
    return Link.objects.filter(
        relation=Link.Relation.PUBLISHED,
        source_kind="organisation",
        target_kind="listing",
        target_id__in=[listing.pk for listing in listings],
    )
