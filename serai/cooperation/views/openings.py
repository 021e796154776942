"""The wish to show everybody a record that the parties kept to themselves: read, agreed to, declined."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from serai.agreements.pages import page, tabs
from serai.agreements.shapes import organisation_chip
from serai.cooperation import actions, lifecycle, policies, queries
from serai.cooperation.models import Opening
from serai.cooperation.views.common import user_of
from serai.core import kinds, policy, ui
from serai.core.viewer import viewer_of


def _opening(request: HttpRequest, pk: UUID) -> Opening:
    found: Opening = get_object_or_404(policies.visible_openings(viewer_of(request)), pk=pk)
    return found


@require_GET
@policy.route("cooperation.opening.see")
def opening_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, opening = viewer_of(request), _opening(request, pk)
    record = queries.record_of(opening)
    title, language = queries.title_of_record(record)
    asked = list(opening.asked.select_related("organisation__country").order_by("organisation__name", "pk"))
    is_open = opening.status == Opening.Status.ASKED
    mine = policies.parties_asked(viewer, opening) if is_open else opening.asked.none()
    agree = ui.Action(_("Agree to show it"), reverse("opening_agree", args=[pk]), "check-lg", "post")
    decline = ui.Action(_("Decline"), reverse("opening_decline", args=[pk]), "x-lg", "post")
    context = {
        "opening": opening,
        "title": title,
        "language": language,
        "kind": opening.get_kind_display(),
        "tone": lifecycle.OPENING.tones[opening.status],
        "parties": [(organisation_chip(party.organisation), party.consented_on) for party in asked],
        "card": kinds.kind_of(record).card(record),
        "next_step": agree if mine.filter(consented_on__isnull=True).exists() else None,
        "actions": [decline] if mine.exists() else [],
        "is_agreement": opening.kind == Opening.Kind.AGREEMENT,
        "tabs": tabs(viewer, ""),
    }
    return page(request, "cooperation/opening_detail.html", context)


@require_POST
@policy.route("cooperation.opening.see")
def opening_agree(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.agree_to_opening(opening=_opening(request, pk), by=user_of(request))
    return redirect("opening_detail", pk)


@require_POST
@policy.route("cooperation.opening.see")
def opening_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    actions.decline_opening(opening=_opening(request, pk), by=user_of(request))
    return redirect("opening_detail", pk)
