"""The search box: one field, any language, for everybody."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from serai.core import policy, ui
from serai.core.viewer import viewer_of
from serai.engines import matching as m
from serai.exchange import encoding, finding, policies, queries, shapes
from serai.exchange.forms import page_number, read_filters
from serai.exchange.views.common import page

EXPLAINED = 5  # results whose best passage comes by itself; each costs a comparison of sentences


@policy.route("exchange.public")
def search(request: HttpRequest) -> HttpResponse:
    """Results of `?q=`; without a question, the field and what to ask."""
    viewer, filters = viewer_of(request), read_filters(request.GET)
    text = request.GET.get("q", "").strip()[: finding.LONGEST_QUERY]
    context: dict[str, object] = {
        "query": text,
        "filters": shapes.filter_words(filters),
        "all_listings": ui.Action(_("All listings"), reverse("listing_list"), "megaphone"),
        "explained": EXPLAINED,
    }
    if not text:
        encoding.warm()
        return page(request, "exchange/search.html", context, place="find")
    number = page_number(request.GET)
    results = finding.search(viewer, text, filters, number)
    hits = [*results.exact, *results.meant]
    known = queries.known_owners(viewer, [hit.listing for hit in hits])
    context |= {
        "results": results,
        "exact": [_shown(request, hit, known, text) for hit in results.exact],
        "meant": [_shown(request, hit, known, text) for hit in results.meant if hit.is_close],
        "further": [_shown(request, hit, known, text) for hit in results.meant if not hit.is_close],
        "page": queries.Window(results.meant, number, results.more),
    }
    return page(request, "exchange/search.html", context, place="find")


def _shown(request: HttpRequest, hit: finding.Hit, known: set[UUID], text: str) -> dict[str, object]:
    why = _("Both name %(terms)s") % {"terms": ", ".join(hit.tokens[:4])} if hit.tokens else ""
    return {
        "row": shapes.listing_row(viewer_of(request), hit.listing, known),
        "why": why,
        "why_url": f"{reverse('search_why', args=[hit.listing.pk])}?{urlencode({'q': text})}",
    }


@policy.route("exchange.public")
def search_why(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The passage of one result that answers the question best; a fragment, or a page of its own."""
    viewer = viewer_of(request)
    listing = get_object_or_404(policies.open_listings(viewer).prefetch_related("teasers"), pk=pk)
    text = request.GET.get("q", "").strip()[: finding.LONGEST_QUERY]
    try:
        why = finding.why(viewer, listing, text) if text else None
    except m.EncoderFailed:
        why = None
    context = {
        "why": why,
        "is_title": why is not None
        and shapes.says_already(why.passage, [t.title for t in listing.teasers.all()]),
        "listing": listing,
        "query": text,
        "title": queries.title_for(viewer, listing),
    }
    if getattr(request, "htmx", False):
        return render(request, "exchange/_why.html", context)
    return page(request, "exchange/why.html", context, place="find")
