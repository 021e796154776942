"""What this app registers with `core`: kinds, places in the navigation, notices, duties."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.accounts import policies as people
from serai.accounts.notices import declare
from serai.core import context, duties, kinds, lifecycle, policy, ui
from serai.core.text import best_text
from serai.core.viewer import Viewer
from serai.directory import sections
from serai.directory.models import Organisation
from serai.exchange import (
    importers,  # noqa: F401  (registers the formats)
    policies,
    queries,
    shapes,
)
from serai.exchange import lifecycle as own_lifecycle  # noqa: F401  (registers the tables)
from serai.exchange.models import Interest, Listing
from serai.exchange.queries import Filters


# --- kinds ------------------------------------------------------------------------------------------------
def listing_card(listing: Listing) -> kinds.Card:
    text = best_text(listing.teasers.all())
    return kinds.Card(
        kind="listing",
        id=listing.pk,
        title=text.title if text else listing.reference,
        url=reverse("listing_detail", args=[listing.pk]),
        language=text.language if text else "",
        status=str(listing.get_status_display()),
        tone=lifecycle.tone_of(listing),
        detail=f"{listing.get_direction_display()} · {listing.get_kind_display()}",
    )


def interest_card(interest: Interest) -> kinds.Card:
    return kinds.Card(
        kind="interest",
        id=interest.pk,
        title=interest.organisation.name,
        url=reverse("interest_detail", args=[interest.pk]),
        language=interest.organisation.name_language,
        status=str(interest.get_status_display()),
        tone=lifecycle.tone_of(interest),
    )


def _with_texts(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.prefetch_related("teasers")


def _with_organisation(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("organisation")


LISTING = kinds.register(
    kinds.Kind(
        name="listing",
        label=_("Listing"),
        plural=_("Listings"),
        model=Listing,
        visible=policies.visible_listings,
        card=listing_card,
        prefetch=_with_texts,
        stage=1,
        icon="megaphone",
    )
)
kinds.register(
    kinds.Kind(
        name="interest",
        label=_("Interest"),
        plural=_("Interests"),
        model=Interest,
        visible=policies.visible_interests,
        card=interest_card,
        prefetch=_with_organisation,
        stage=2,
        icon="envelope",
    )
)


# --- navigation -------------------------------------------------------------------------------------------
def waiting_for_me(viewer: Viewer) -> int:
    """Interests that wait for an answer of the viewer's organisations, counted up to 100."""
    if not viewer.is_authenticated:
        return 0
    return policies.interests_to_answer(viewer)[:100].count()


context.register_place(
    context.Place("find", pgettext_lazy("navigation", "Find"), "search", "search", 20, policy.anyone)
)
context.register_place(
    context.Place(
        "exchange",
        pgettext_lazy("navigation", "Exchange"),
        "listing_list",
        "shop",
        30,
        policy.anyone,
        count=waiting_for_me,
    )
)

# --- notices ----------------------------------------------------------------------------------------------
_OUR_LISTING = _(
    "You get this letter because you look after this listing, or manage the organisation behind it."
)
_OUR_INTEREST = _("You get this letter because you sent this interest, or manage the organisation that did.")
declare(
    "exchange.listing_published",
    _("“{listing}” is published."),
    icon="check-circle",
    step=_("Open the listing"),
    otherwise=_("Whoever is interested writes to you; you are told at once."),
    because=_OUR_LISTING,
)
declare(
    "exchange.listing_on_hold",
    _("“{listing}” needs changes before it can be shown."),
    icon="pencil",
    step=_("Mend and send again"),
    otherwise=_("Until then nobody else sees it."),
    because=_OUR_LISTING,
)
declare(
    "exchange.listing_rejected",
    _("“{listing}” was not accepted; the review says why."),
    icon="x-circle",
    step=_("Read the reason"),
    because=_OUR_LISTING,
)
declare(
    "exchange.listing_expiring",
    _("Does “{listing}” still hold? It runs out soon."),
    icon="hourglass-split",
    step=_("Renew or close"),
    by="expires_on",
    otherwise=_("If you do nothing, it is no longer shown after that day; you can renew it later."),
    because=_OUR_LISTING,
)
declare(
    "exchange.listing_expired",
    _("“{listing}” has run out. Renew it if it still holds."),
    icon="hourglass-split",
    step=_("Renew or close"),
    otherwise=_("Until then nobody finds it."),
    because=_OUR_LISTING,
)
declare(
    "exchange.interest_received",
    _("{organisation} is interested in “{listing}”."),
    icon="envelope",
    step=_("Answer an interest"),
    by="answer_due",
    otherwise=_("If nobody answers, the interest ends on that day and the other side is told."),
    because=_OUR_LISTING,
)
declare(
    "exchange.interest_accepted",
    _("Your interest in “{listing}” was accepted."),
    icon="check-circle",
    step=_("Read the answer"),
    otherwise=_("You now see whom to write to."),
    because=_OUR_INTEREST,
)
declare(
    "exchange.interest_declined",
    _("Your interest in “{listing}” was declined; the reason is given."),
    icon="x-circle",
    step=_("Read the reason"),
    because=_OUR_INTEREST,
)
declare(
    "exchange.interest_expired",
    _("Your interest in “{listing}” was not answered in time."),
    icon="hourglass-split",
    because=_OUR_INTEREST,
)
declare(
    "exchange.interest_missed",
    _("You did not answer {organisation} about “{listing}” in time."),
    icon="hourglass-split",
    otherwise=_("The interest has ended; the other side was told that no answer came."),
    because=_OUR_LISTING,
)
declare(
    "exchange.interest_stopped",
    _("The contact about “{listing}” was ended by the other side."),
    icon="x-circle",
    because=_("You get this letter because your organisation was in this contact."),
)


# --- on the page of an organisation -----------------------------------------------------------------------
@sections.source
def listings_of(viewer: Viewer, organisation: Organisation) -> sections.Section | None:
    """What it offers and looks for, as far as the viewer may know that it is its own."""
    found = queries.open_listings(viewer, Filters(organisation=organisation.pk))
    section = sections.of_kind(LISTING, found, lambda listing: shapes.listing_row_at_home(viewer, listing))
    if section is None or not section.is_cut:
        return section
    url = f"{reverse('listing_list')}?{urlencode({'organisation': str(organisation.pk)})}"
    return replace(section, more=ui.Action(_("All of them"), url, "arrow-right"))


# --- duties -----------------------------------------------------------------------------------------------
@duties.source
def interests_to_answer(viewer: Viewer) -> Iterable[duties.Duty]:
    if not viewer.is_authenticated:
        return []
    waiting = policies.interests_to_answer(viewer).select_related("organisation", "listing")
    rows = waiting.prefetch_related("listing__teasers").order_by("answer_due", "pk")
    many = duties.Many(_("Answer the interests"), reverse("interest_list"))
    return [
        _listing_duty(
            interest.listing,
            _("Answer an interest"),
            interest.answer_due,
            url=reverse("interest_detail", args=[interest.pk]),
            kind="interest",
            about=[interest.organisation.name],
            many=many,
        )
        for interest in rows[: duties.MOST]
    ]


@duties.source
def listings_to_tend(viewer: Viewer) -> Iterable[duties.Duty]:
    """Own listings returned for changes, or about to run out."""
    if not viewer.is_authenticated:
        return []
    mine = Listing.objects.filter(organisation_id__in=people.organisation_ids(viewer)).prefetch_related(
        "teasers"
    )
    soon = timezone.localdate() + timedelta(days=14)
    returned = mine.filter(status=Listing.Status.ON_HOLD).order_by("updated_at", "pk")[: duties.MOST // 2]
    ending = mine.filter(status=Listing.Status.PUBLISHED, expires_on__lte=soon).order_by("expires_on", "pk")
    many = duties.Many(_("Renew or close your listings"), reverse("listing_mine"))
    return [
        *(_listing_duty(x, _("Mend and send again"), None, about=[x.reference]) for x in returned),
        *(
            _listing_duty(x, _("Renew or close"), x.expires_on, about=[x.reference], many=many)
            for x in ending[: duties.MOST // 2]
        ),
    ]


@duties.source
def listings_to_review(viewer: Viewer) -> Iterable[duties.Duty]:
    if not viewer.is_authenticated or not people.is_steward(viewer):
        return []
    waiting = Listing.objects.filter(status=Listing.Status.IN_REVIEW).exclude(
        organisation_id__in=people.organisation_ids(viewer)
    )
    rows = (
        waiting.select_related("organisation").prefetch_related("teasers").order_by("due_on", "submitted_at")
    )
    many = duties.Many(_("Review the listings"), reverse("review_queue"))
    return [
        _listing_duty(
            listing,
            _("Review a listing"),
            listing.due_on,
            url=reverse("review_page", args=[listing.pk]),
            about=[listing.organisation.name, listing.reference],
            many=many,
        )
        for listing in rows[: duties.MOST]
    ]


def _listing_duty(
    listing: Listing,
    what: Any,
    due: date | None,
    *,
    about: Sequence[str],
    url: str = "",
    kind: str = "listing",
    many: duties.Many | None = None,
) -> duties.Duty:
    card = listing_card(listing)
    return duties.Duty(what, card.title, url or card.url, due, kind, card.language, about, many)
