"""Pages everybody may open: list, map, download, criteria, one organisation. Each shows what the visitor may see."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from serai.accounts import policies as accounts
from serai.core import chain, exports, keyset, policy, ui
from serai.core.api import capped_count
from serai.core.imports.queries import origin_facts
from serai.core.lifecycle import tone_of
from serai.core.viewer import Viewer, viewer_of
from serai.directory import criteria, places, policies, queries, sections, shapes
from serai.directory import exports as own_exports
from serai.directory.history import history_of
from serai.directory.models import Organisation
from serai.directory.queries import Search

PLACE = "network"

UNFINISHED = (Organisation.Status.DRAFT, Organisation.Status.LISTED)
"""Where a note of the stewards says what its managers have to do."""


def search_of(request: HttpRequest) -> Search:
    """What the address narrows the list to; a value that is not in the lists narrows nothing."""
    kind = request.GET.get("kind", "")
    state = request.GET.get("state", "")
    return Search(
        text=_given(request, "q")[:200],
        kind=kind if kind in Organisation.Kind.values else "",
        place=policies.visible_places(viewer_of(request)).filter(code=_given(request, "place")[:20]).first(),
        state=state if state in Search.STATES else "",
    )


def _given(request: HttpRequest, name: str) -> str:
    """A value of the address without the one character the database cannot hold."""
    return request.GET.get(name, "").replace("\x00", "")


def address_of(search: Search) -> str:
    """The search as a query string, for links between list, map and download."""
    parts = {
        "q": search.text,
        "kind": search.kind,
        "place": search.place.code if search.place else "",
        "state": search.state,
    }
    return urlencode({name: value for name, value in parts.items() if value})


def tabs(viewer: Viewer, search: Search, current: str) -> list[ui.Tab]:
    query = address_of(search)
    found = [
        ui.Tab(_("List"), _with_query("organisation_list", query), current == "list"),
        ui.Tab(_("Map"), _with_query("organisation_map", query), current == "map"),
        ui.Tab(_("How we verify"), reverse("criteria"), current == "criteria"),
    ]
    if accounts.is_steward(viewer):
        waiting, _is_capped = capped_count(policies.waiting_organisations(viewer))
        found.append(
            ui.Tab(_("Verification"), reverse("verification_list"), current == "verification", waiting)
        )
        found.append(ui.Tab(_("Imports"), reverse("import_list")))
    return found


def _with_query(url_name: str, query: str) -> str:
    return f"{reverse(url_name)}?{query}" if query else reverse(url_name)


@policy.route("directory.organisations")
def organisation_list(request: HttpRequest) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    viewer, search = viewer_of(request), search_of(request)
    found = queries.found(viewer, search)
    page = keyset.page_of(found, request.GET.get("page", ""), by="search_key")
    total, is_capped = capped_count(found)
    context = {
        "filters": shapes.filters(search, viewer),
        "search": search,
        "kept": f"q={search.text.replace('&', ' ')}" if search.text else "",
        "clear": ui.Action(_("Show all"), reverse("organisation_list"), "x-lg"),
        "rows": shapes.rows(page.object_list, search),
        "page": page,
        "total": count_line(total, is_capped),
        "query": address_of(search),
        "tabs": tabs(viewer, search, "list"),
        "register": ui.Action(_("Register an organisation"), reverse("organisation_register"), "plus-lg"),
        "bring": bring_action(viewer),
        "row_cap": exports.ROW_CAP,
        "here": request.build_absolute_uri(),
    }
    return render(request, "directory/organisation_list.html", context)


@policy.route("directory.organisations")
@require_GET
def organisation_suggest(request: HttpRequest) -> HttpResponse:
    """Organisations that fit what is being typed into a field (`core/suggest.js`)."""
    fitting = queries.suggested(viewer_of(request), _given(request, "q")[:200])
    return JsonResponse({"items": [shapes.suggestion(*one) for one in fitting]})


def bring_action(viewer: Viewer) -> ui.Action | None:
    """The way to a whole list at once, for those who may import one."""
    if not accounts.is_steward(viewer):
        return None
    return ui.Action(_("Import a list"), f"{reverse('import_new')}?format=members", "upload")


def count_line(total: int, is_capped: bool) -> str:
    if is_capped:
        return _("More than %(n)d organisations") % {"n": total}
    return ngettext("%(n)d organisation", "%(n)d organisations", total) % {"n": total}


@policy.route("directory.organisations")
def organisation_map(request: HttpRequest) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    viewer, search = viewer_of(request), search_of(request)
    countries = [
        ui.MapCountry(
            place.code,
            places.place_name(place),
            number,
            _with_query("organisation_list", address_of(_in_place(search, place))),
        )
        for place, number in queries.counts_by_country(viewer, search)
    ]
    context = {
        "filters": shapes.filters(search, viewer),
        "kept": f"q={search.text.replace('&', ' ')}" if search.text else "",
        "tabs": tabs(viewer, search, "map"),
        "map": ui.WorldMap(
            _("Organisations by country or region"),
            countries,
            value_label=_("Organisations"),
            note=_("Numbers stop at 200: a country with more shows 200."),
        ),
        "countries": countries,
    }
    return render(request, "directory/organisation_map.html", context)


def _in_place(search: Search, place: Any) -> Search:
    return Search(search.text, search.kind, place, search.state)


@policy.route("directory.organisations")
def organisation_export(request: HttpRequest, form: str) -> HttpResponseBase:
    if form not in exports.FORMATS:
        raise Http404
    viewer = viewer_of(request)
    rows = queries.for_export(viewer, search_of(request))[: exports.ROW_CAP]
    return exports.respond(
        own_exports.ORGANISATIONS, rows.iterator(chunk_size=1000), form=form, viewer=viewer
    )


@policy.route("directory.public")
def criteria_page(request: HttpRequest) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    context = {
        "criteria": criteria.CRITERIA,
        "days": criteria.VERIFICATION_DAYS,
        "tabs": tabs(viewer_of(request), Search(), "criteria"),
    }
    return render(request, "directory/criteria.html", context)


@policy.route("directory.organisations")
def organisation_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    request.serai_place = PLACE  # type: ignore[attr-defined]
    viewer = viewer_of(request)
    organisation = get_object_or_404(queries.with_details(viewer, pk))
    may_edit = policies.may_edit_organisation(viewer, organisation)
    is_steward = accounts.is_steward(viewer)
    relations, is_cut = queries.relations_of(viewer, organisation)
    text = shapes.shown_text(organisation, viewer)
    is_public = organisation.status in policies.PUBLIC_STATUSES
    context = {
        "organisation": organisation,
        "text": text,
        "other_texts": [t for t in organisation.texts.all() if t != text],
        "names": shapes.sorted_names(organisation),
        "labels": sorted(organisation.labels.all(), key=lambda label: label.issued_on, reverse=True),
        "relations": shapes.relation_groups(relations, organisation.pk),
        "relations_cut": is_cut,
        "facts": [*shapes.facts(organisation), *origin_facts(viewer, "organisation", organisation.pk)],
        "identifiers": shapes.identifier_facts(organisation),
        "findings": shapes.finding_checks(
            queries.latest_findings(organisation), with_evidence=may_edit or is_steward
        ),
        "kind": shapes.kind_labels(organisation),
        "place": shapes.place_line(organisation),
        "status": shapes.status_label(organisation),
        "tone": tone_of(organisation),
        "may_edit": may_edit,
        "show_note": bool(organisation.status_note) and (may_edit or is_steward or is_public),
        "note_tone": "waiting" if organisation.status in UNFINISHED else tone_of(organisation),
        "successor": shapes.visible_chip(viewer, organisation.successor),
        "next_step": shapes.next_step(viewer, organisation, may_edit),
        "actions": shapes.further_actions(organisation, may_edit, is_steward),
        "sections": sections.sections_of(viewer, organisation),
        "history": history_of(viewer, organisation),
        "chain": chain.walk(viewer, organisation),
    }
    return render(request, "directory/organisation_detail.html", context)
