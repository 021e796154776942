"""Matches: who fits a listing and why, and why any other one does not."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from serai.core import policy, ui
from serai.core.viewer import Viewer, viewer_of
from serai.engines import matching as m
from serai.exchange import encoding, pairs, policies, queries, shapes, tiertexts
from serai.exchange.actions import matching
from serai.exchange.index import reader
from serai.exchange.models import Listing, Match
from serai.exchange.views.common import interest_step, page


def _published(viewer: Viewer) -> QuerySet[Listing]:
    return matching.with_conditions(policies.open_listings(viewer))


@policy.route("exchange.match.see")
def match_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The stored counterparts, best first, each with its reason."""
    viewer = viewer_of(request)
    listing = get_object_or_404(_published(viewer), pk=pk)
    asked = " ".join(request.GET.get("other", "").split())[:200]
    other = _named(viewer, listing, asked) if asked else None
    if other is not None:
        return redirect("match_pair", listing.pk, other.pk)
    found = list(queries.matches_of(viewer, listing))
    known = queries.known_owners(viewer, [match.other for match in found])
    own = [text.title for text in listing.teasers.all()]
    context = {
        "listing": listing,
        "title": queries.title_for(viewer, listing),
        "rows": [shapes.match_row(viewer, match, known, own) for match in found],
        "job": _progress(listing) if _is_pending(listing) else None,
        "looks_for_requests": listing.direction == Listing.Direction.OFFER,
        "asked": asked,
        "back": reverse("listing_detail", args=[listing.pk]),
    }
    return page(request, "exchange/match_list.html", context)


def _is_pending(listing: Listing) -> bool:
    return listing.needs_encoding or listing.matching != Listing.Matching.DONE


def _progress(listing: Listing) -> ui.Progress:
    """The matching under way; the link is for browsers without scripts."""
    return ui.Progress(
        _("Matches are being computed"),
        poll_url=reverse("match_progress", args=[listing.pk]),
        result_url=reverse("match_list", args=[listing.pk]),
        result_label=_("Look again"),
        key="matching",
    )


@policy.route("exchange.match.see")
def match_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asked for every two seconds while matches are computed; then the list is loaded anew."""
    listing = get_object_or_404(policies.open_listings(viewer_of(request)), pk=pk)
    response = render(request, "exchange/_matching.html", {"job": _progress(listing)})
    if not _is_pending(listing):
        response["HX-Refresh"] = "true"
    return response


def _named(viewer: Viewer, listing: Listing, asked: str) -> Listing | None:
    """A published listing by its reference, or by the words of its title."""
    rows = policies.open_listings(viewer).exclude(pk=listing.pk)
    return rows.filter(Q(reference__iexact=asked) | Q(teasers__title__iexact=asked)).order_by("pk").first()


@policy.route("exchange.match.see")
def match_pair(request: HttpRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Any two listings side by side: what joins them, what keeps them apart."""
    viewer = viewer_of(request)
    ours = get_object_or_404(_published(viewer), pk=pk)
    theirs = get_object_or_404(_published(viewer), pk=other)
    tier = policies.search_tier(viewer)
    stored = queries.matches_of(viewer, ours).filter(other=theirs).first()
    reasons, is_explained = _reasons(stored, ours, theirs, tier)
    known = queries.known_owners(viewer, [ours, theirs])
    standing = matching.standing(ours, theirs, tier, stored)
    context = {
        "ours": ours,
        "theirs": theirs,
        "title": queries.title_for(viewer, theirs),
        "match": pairs.shape(viewer, ours, theirs, tier, reasons, known, standing),
        "is_explained": is_explained,
        "next_step": _next_step(viewer, theirs),
        "back": ui.Action(_("All matches"), reverse("match_list", args=[ours.pk]), "arrow-left"),
    }
    return page(request, "exchange/match_pair.html", context)


def _reasons(
    stored: Match | None, ours: Listing, theirs: Listing, tier: str
) -> tuple[dict[str, object], bool]:
    """Stored reasons if their texts are still the same, else made now; conditions are always made now."""
    digests = [tiertexts.text_of(ours, tier).digest[:16], tiertexts.text_of(theirs, tier).digest[:16]]
    if stored is not None and stored.reasons.get("digests") == digests:
        return {**stored.reasons, "conditions": matching.conditions(ours, theirs)}, True
    index = reader.opened(tier)
    if index is not None:
        try:
            return matching.reasons(ours, theirs, tier, index, encoding.matcher()), True
        except m.EncoderFailed:
            pass
    return {"conditions": matching.conditions(ours, theirs)}, False


def _next_step(viewer: Viewer, theirs: Listing) -> ui.Action | None:
    if policies.is_member_of(viewer, theirs.organisation_id):
        return None
    return interest_step(viewer, theirs, queries.open_interest_of(viewer, theirs))
