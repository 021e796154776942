"""The stewards' review before publication."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from serai.core import policy, ui
from serai.core.viewer import viewer_of
from serai.exchange import actions, checks, queries, shapes
from serai.exchange.actions.reviews import Scores
from serai.exchange.forms import ReviewForm, page_number
from serai.exchange.models import Listing
from serai.exchange.views.common import form_page, page, tabs, user_of


@policy.route("exchange.steward")
def review_queue(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    window = queries.window(queries.review_queue(viewer), page_number(request.GET))
    known = queries.known_owners(viewer, window.object_list)
    context = {
        "rows": [_queue_row(request, listing, known) for listing in window.object_list],
        "page": window,
        "tabs": tabs(viewer, "review_queue"),
    }
    return page(request, "exchange/review_queue.html", context)


def _queue_row(request: HttpRequest, listing: Listing, known: set[UUID]) -> ui.Row:
    url = reverse("review_page", args=[listing.pk])
    row = shapes.listing_row(viewer_of(request), listing, known, url=url)
    clock = {"when": listing.submitted_at, "due": listing.due_on, "due_label": _("Answer by")}
    return ui.Row(**{**row.__dict__, **clock})


@policy.route("exchange.steward")
def review_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    listing = get_object_or_404(queries.review_queue(viewer), pk=pk)
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        comment = data.pop("comment")
        review = actions.review_listing(
            listing=listing, scores=Scores(**data), comment=comment, by=user_of(request)
        )
        messages.success(request, _("Decided: %s.") % review.get_decision_display())
        return redirect("review_queue")
    record = queries.record(viewer, listing, request.GET.get("lang", "")[:35])
    context = {
        "listing": listing,
        "record": record,
        "title": record.text.title if record.text else listing.reference,
        "kind": shapes.kind_line(listing),
        "owner": shapes.organisation_chip(listing.organisation, shapes.country_of(listing.organisation)),
        "facts": shapes.listing_facts(record),
        "languages": shapes.text_tabs(record),
        "findings": [{"finding": finding} for finding in checks.findings(listing)],
        "cancel_url": reverse("review_queue"),
    }
    return form_page(request, "exchange/review_page.html", form, context)
