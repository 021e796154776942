"""Reads: lists with filters, one listing with its texts, interests, the review queue."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import get_language

from serai.accounts import policies as people
from serai.core.text import MultilingualText, best_text
from serai.core.viewer import Viewer
from serai.directory.models import Organisation, Place
from serai.exchange import policies, vocabularies
from serai.exchange.models import (
    Interest,
    Listing,
    ListingContact,
    ListingDetail,
    ListingTeaser,
    Match,
    Review,
)

T = TypeVar("T", bound=MultilingualText)
Row = TypeVar("Row")
PAGE = 20
DEEPEST_PAGE = 500


@dataclass(frozen=True)
class Filters:
    """What a list or a search is narrowed to; empty means anything. `place` is a country or a grouping.

    `organisation` finds the listings of an owner the viewer may know.
    """

    direction: str = ""
    kind: str = ""
    place: str = ""
    sector: str = ""
    partnership: str = ""
    language: str = ""
    trl: int | None = None
    organisation: UUID | None = None

    def __bool__(self) -> bool:
        return any(asdict(self).values())


@dataclass(frozen=True)
class Window(Generic[Row]):
    """One page of a list: what Django's `Page` offers, without counting everything."""

    object_list: Sequence[Row]
    number: int
    more: bool

    def has_next(self) -> bool:
        return self.more

    def has_previous(self) -> bool:
        return self.number > 1

    def next_page_number(self) -> int:
        return self.number + 1

    def previous_page_number(self) -> int:
        return self.number - 1


def window(rows: QuerySet[Any], number: int, size: int = PAGE) -> "Window[Any]":
    number = min(max(number, 1), DEEPEST_PAGE)
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    return Window(found[:size], number, len(found) > size)


def reading_languages(viewer: Viewer) -> list[str]:
    """The language of the page first, then what the person says they read."""
    return [get_language() or "en", *getattr(viewer, "reads", ())]


def text_for(viewer: Viewer, texts: Iterable[T]) -> T | None:
    return best_text(texts, reading_languages(viewer))


def writing_language(viewer: Viewer, organisations: Sequence[Organisation]) -> str:
    """The language a person is likely to write in: theirs, then that of their organisation, then the page's.

    An account is in English until somebody says otherwise, and most people read English; so another language of
    the page, or one they read that is also their organisation's, says more.
    """
    page = (get_language() or "en").split("-")[0]
    reads = [tag.split("-")[0] for tag in getattr(viewer, "reads", ())]
    beside = [tag for tag in reads if tag != "en"]
    homes = [o.name_language.split("-")[0] for o in organisations if o.name_language]
    likely = [
        *([page] if page != "en" else []),
        *(tag for tag in homes if tag in beside),
        *(beside or reads),
        *homes,
        page,
    ]
    return next((tag for tag in likely if tag in vocabularies.LANGUAGES), "en")


@dataclass(frozen=True)
class Title:
    """A listing's title as its reader gets it; its reference where they may not read it. `language` may be empty."""

    text: str
    language: str = ""
    origin: str = ""


def title_for(viewer: Viewer, listing: Listing, *, is_seen: bool = True) -> Title:
    """The title in a language the viewer reads if there is one, else in the listing's own. Prefetch the teasers."""
    text = text_for(viewer, listing.teasers.all()) if is_seen else None
    return Title(text.title, text.language, text.origin) if text else Title(listing.reference)


# --- listings ---------------------------------------------------------------------------------------------
def open_listings(viewer: Viewer, filters: Filters = Filters(), order: str = "new") -> QuerySet[Listing]:
    """Published listings, narrowed; `order` is `new` or `ending`."""
    rows = policies.open_listings(viewer)
    by = ("expires_on", "id") if order == "ending" else ("-published_at", "id")
    return with_card_data(narrow(viewer, rows, filters)).order_by(*by)


def narrow(viewer: Viewer, rows: QuerySet[Listing], filters: Filters) -> QuerySet[Listing]:
    if filters.organisation:
        known = policies.listings_with_known_owner(viewer).filter(organisation_id=filters.organisation)
        rows = rows.filter(pk__in=known.values("pk"))
    if filters.direction:
        rows = rows.filter(direction=filters.direction)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.place:
        rows = rows.filter(organisation__country__in=countries_of(filters.place))
    if filters.sector:
        rows = rows.filter(sectors__overlap=[filters.sector])
    if filters.partnership:
        rows = rows.filter(partnerships__contains=[filters.partnership])
    if filters.trl:
        rows = rows.filter(trl__gte=filters.trl)
    if filters.language:
        written = ListingTeaser.objects.filter(listing=OuterRef("pk"), language__startswith=filters.language)
        rows = rows.filter(Exists(written))
    return rows


def countries_of(code: str) -> QuerySet[Place]:
    """The country of this code, or the countries of the grouping and of the groupings in it."""
    inside = Q(code=code) | Q(groupings__code=code) | Q(groupings__groupings__code=code)
    return Place.objects.filter(inside, kind=Place.Kind.COUNTRY)


def with_card_data(rows: QuerySet[Listing]) -> QuerySet[Listing]:
    """With all that a row shows, in a constant number of queries."""
    return rows.select_related("organisation__country").prefetch_related("teasers")


def seen_listings(viewer: Viewer, listings: Iterable[Listing]) -> set[UUID]:
    """Ids of those listings the viewer sees. As many queries for any listings, so that lists cost the same."""
    ids = {listing.pk for listing in listings}
    return set(policies.visible_listings(viewer).filter(pk__in=ids).values_list("pk", flat=True))


def known_owners(viewer: Viewer, listings: Iterable[Listing]) -> set[UUID]:
    """Ids of those listings whose owner the viewer may know. As many queries for any listings."""
    ids = {listing.pk for listing in listings}
    return set(policies.listings_with_known_owner(viewer).filter(pk__in=ids).values_list("pk", flat=True))


def shown_title(listing: Listing) -> tuple[str, str]:
    """(title, language) as everybody may read it in other people's records; else the reference alone."""
    text = best_text(listing.teasers.all()) if policies.is_shown(listing) else None
    return (text.title, text.language) if text else (listing.reference, "")


def own_listings(viewer: Viewer) -> QuerySet[Listing]:
    """Listings of the viewer's organisations, those that need them first."""
    urgency = models.Case(
        models.When(status=Listing.Status.ON_HOLD, then=0),
        models.When(status=Listing.Status.DRAFT, then=1),
        models.When(status=Listing.Status.IN_REVIEW, then=2),
        models.When(status=Listing.Status.PUBLISHED, then=3),
        default=4,
        output_field=models.SmallIntegerField(),
    )
    mine = policies.visible_listings(viewer).filter(organisation_id__in=people.organisation_ids(viewer))
    return with_card_data(mine).order_by(urgency, "-updated_at")


def review_queue(viewer: Viewer) -> QuerySet[Listing]:
    """What waits for a steward, the longest waiting first, without those of the steward's own organisations."""
    if not people.is_steward(viewer):
        return Listing.objects.none()
    waiting = Listing.objects.filter(status=Listing.Status.IN_REVIEW)
    others = waiting.exclude(organisation_id__in=people.organisation_ids(viewer))
    return with_card_data(others).order_by("due_on", "submitted_at")


@dataclass(frozen=True)
class Record:
    """One listing as one viewer sees it: tiers they may not read are simply empty."""

    listing: Listing
    text: ListingTeaser | None
    texts: Sequence[ListingTeaser]
    detail: ListingDetail | None
    contact: ListingContact | None
    owner_known: bool
    is_own: bool
    reviews: Sequence[Review]
    places: Sequence[Place]


def record(viewer: Viewer, listing: Listing, language: str = "") -> Record:
    """Read one listing (found through `visible_listings`); `language` asks for one version of its texts."""
    texts = sorted(listing.teasers.all(), key=lambda text: text.language)
    written = policies.visible_details(viewer).filter(listing=listing)
    details = [detail for detail in written if not detail.is_empty]
    asked = [language] if language else reading_languages(viewer)
    is_own = policies.is_member_of(viewer, listing.organisation_id)
    return Record(
        listing=listing,
        text=best_text(texts, asked),
        texts=texts,
        detail=best_text(details, asked),
        contact=policies.visible_contacts(viewer).filter(listing=listing).first(),
        owner_known=bool(known_owners(viewer, [listing])),
        is_own=is_own,
        reviews=list(policies.visible_reviews(viewer).filter(listing=listing).order_by("-created_at")[:5]),
        places=list(listing.target_places.all()),
    )


# --- interests --------------------------------------------------------------------------------------------
def with_interest_data(rows: QuerySet[Interest]) -> QuerySet[Interest]:
    return rows.select_related(
        "listing__organisation__country", "organisation__country", "sender", "own_listing__organisation"
    ).prefetch_related("listing__teasers", "own_listing__teasers")


def interests_received(viewer: Viewer) -> QuerySet[Interest]:
    """Those to answer first, by date, then the others, the newest first."""
    mine = policies.visible_interests(viewer).filter(
        listing__organisation_id__in=people.organisation_ids(viewer)
    )
    return with_interest_data(mine).order_by(_waiting_first(), "answer_due", "-created_at")


def interests_sent(viewer: Viewer) -> QuerySet[Interest]:
    mine = policies.visible_interests(viewer).filter(organisation_id__in=people.organisation_ids(viewer))
    return with_interest_data(mine).order_by("-created_at")


def _waiting_first() -> models.Case:
    return models.Case(
        models.When(status=Interest.Status.SENT, then=0), default=1, output_field=models.SmallIntegerField()
    )


def open_interest_of(viewer: Viewer, listing: Listing) -> Interest | None:
    """The latest interest of the viewer's organisations in this listing."""
    mine = policies.visible_interests(viewer).filter(
        listing=listing, organisation_id__in=people.organisation_ids(viewer)
    )
    return mine.order_by("-created_at").first()


def organisations_for_interest(viewer: Viewer, listing: Listing) -> QuerySet[Organisation]:
    return (
        policies.own_organisations(viewer)
        .filter(status=Organisation.Status.VERIFIED)
        .exclude(pk=listing.organisation_id)
        .order_by("name")
    )


# --- matches ----------------------------------------------------------------------------------------------
def matches_of(viewer: Viewer, listing: Listing) -> QuerySet[Match]:
    """The stored counterparts of a listing in the richest tier the viewer may read."""
    rows = policies.visible_matches(viewer).filter(listing=listing, tier=policies.search_tier(viewer))
    return (
        rows.select_related("other__organisation__country")
        .prefetch_related("other__teasers")
        .order_by("rank")
    )
