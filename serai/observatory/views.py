"""The first page, the figures, the records behind them, the map, the releases."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from serai.accounts.door import caller
from serai.agreements.pages import chosen as narrowed
from serai.agreements.pages import form_page, window
from serai.core import policy, ui
from serai.core.errors import NotFound
from serai.core.exports import FORMATS, respond
from serai.core.viewer import ANYONE, viewer_of
from serai.core.words import on_day
from serai.directory.models import Place
from serai.directory.places import place_name
from serai.events import queries as events
from serai.events import shapes as event_shapes
from serai.events.models import Event
from serai.events.policies import visible_events
from serai.exchange import queries as exchange
from serai.exchange import shapes as exchange_shapes
from serai.exchange.models import Listing
from serai.observatory import actions, exports, forms, indicators, lines, policies, queries, shapes
from serai.observatory.indicators import DIMENSIONS, YEAR, Indicator
from serai.observatory.models import Release

LATEST = 6
EXAMPLES_FROM, EXAMPLES, LONGEST_EXAMPLE = 40, 4, 60
MOST_TIES = 100


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    request.serai_place = "observe"  # type: ignore[attr-defined]
    return render(request, template, context)


def tabs(here: str) -> list[ui.Tab]:
    rooms = [("observe", _("Figures")), ("ties", _("Who works with whom")), ("release_list", _("Releases"))]
    return [ui.Tab(label, reverse(name), name == here) for name, label in rooms]


# --- the first page ---------------------------------------------------------------------------------------
@require_GET
@policy.route("core.public")
def front(request: HttpRequest) -> HttpResponse:
    """What everybody may see: one field to search, real cooperation on a map, the latest, the next.

    Whoever is signed in comes to what waits for them; the field to search stands on that page as on every other.
    """
    if request.user.is_authenticated:
        return redirect("today")
    newest = list(exchange.open_listings(ANYONE)[:EXAMPLES_FROM])
    context = {
        "map": shapes.world_map(_("Cooperation between countries")),
        "figures": shapes.front_figures(timezone.localdate()),
        "latest": exchange_shapes.listing_rows(ANYONE, newest[:LATEST]),
        "examples": _examples(newest),
        "events": [event_shapes.event_row(event) for event in _next_events()],
    }
    return render(request, "observatory/front.html", context)


def _examples(listings: Iterable[Listing]) -> list[ui.Token]:
    """What people look for just now, one request a language: words to search by, in the words of their authors."""
    found: dict[str, ui.Token] = {}
    for listing in listings:
        text = next((t for t in listing.teasers.all() if t.language == listing.language), None)
        if listing.direction != Listing.Direction.REQUEST or text is None or text.language in found:
            continue
        if len(text.title) <= LONGEST_EXAMPLE:
            url = f"{reverse('search')}?{urlencode({'q': text.title})}"
            found[text.language] = ui.Token(text.title, url, lang=text.language)
    return list(found.values())[:EXAMPLES]


def _next_events() -> list[Event]:
    coming = visible_events(ANYONE).exclude(status=Event.Status.CANCELLED).filter(ends_at__gte=timezone.now())
    return list(events.with_event_texts(coming).order_by("starts_at", "pk")[:4])


# --- figures ----------------------------------------------------------------------------------------------
@require_GET
@policy.route("observatory.figures")
def observe(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "tabs": tabs("observe"),
        "figures": [shapes.figure(indicator, today) for indicator in indicators.ALL],
        "downloads": [(form, reverse("figures_export", args=[form])) for form in FORMATS],
        "latest": policies.visible_releases(viewer_of(request)).order_by("-year", "-version").first(),
    }
    return page(request, "observatory/observe.html", context)


def _indicator(code: str) -> Indicator:
    known = indicators.named(code)
    if known is None:
        raise NotFound(_("Not found."))
    return known


@require_GET
@policy.route("observatory.figures")
def indicator_detail(request: HttpRequest, code: str) -> HttpResponse:
    indicator, today = _indicator(code), timezone.localdate()
    course_first = sorted(indicator.breakdowns(), key=lambda dimension: dimension != YEAR)
    charts = [shapes.chart(indicator, dimension, today) for dimension in course_first]
    context = {
        "tabs": tabs("observe"),
        "indicator": indicator,
        "figure": shapes.figure(indicator, today, series=False),
        "charts": [chart for chart in charts if chart],
        "facts": shapes.facts(indicator),
        "downloads": [(form, reverse("indicator_export", args=[code, form])) for form in FORMATS],
        "kind": _("Indicator"),
        "cite": _cite(request, str(indicator.name), today),
        "latest": policies.visible_releases(viewer_of(request)).order_by("-year", "-version").first(),
    }
    return page(request, "observatory/indicator_detail.html", context)


@require_GET
@policy.route("observatory.figures")
def indicator_records(request: HttpRequest, code: str) -> HttpResponse:
    """The records behind a figure, and nothing else: as many as the figure says."""
    indicator, today = _indicator(code), timezone.localdate()
    chosen = {name: member for name, member in narrowed(request, *indicator.breakdowns()).items() if member}
    sorting = _sorting(request, [shapes.LATEST], f"-{shapes.LATEST}", chosen)
    found = queries.records(indicator, today, chosen, oldest_first=not sorting.is_descending)
    shown = window(found.values_list("pk", flat=True), request.GET.get("page", ""))
    known = lines.lines(viewer_of(request), indicator.kind, shown.object_list) if indicator.is_open else []
    context = {
        "tabs": tabs("observe"),
        "indicator": indicator,
        "filters": _record_filters(indicator, chosen),
        "table": shapes.records_table(known, sorting, [shapes.LATEST]),
        "page": shown,
        "narrowed": shapes.chosen_words(indicator, chosen),
        "back": ui.Action(_("About this figure"), reverse("indicator_detail", args=[code]), "info-circle"),
    }
    return page(request, "observatory/indicator_records.html", context)


def _sorting(
    request: HttpRequest, columns: Collection[str], otherwise: str, query: Mapping[str, str]
) -> shapes.Sorting:
    """The order the address asks for (`sort=day`, `sort=-day`), of those there are; `query` stays in it."""
    given = request.GET.get("sort", "")
    name = given if given.removeprefix("-") in columns else otherwise
    return shapes.Sorting(name.removeprefix("-"), name.startswith("-"), query)


def _record_filters(indicator: Indicator, chosen: dict[str, str]) -> list[ui.Filter]:
    filters = []
    for dimension in indicator.breakdowns() if indicator.is_open else []:
        cells = queries.parts(indicator, dimension, timezone.localdate())
        names = queries.labels(indicator, dimension, [cell.member for cell in cells])
        choices = [
            ui.Option(cell.member, names.get(cell.member, cell.member), min(cell.value or 0, 201))
            for cell in cells
        ]
        filters.append(
            ui.Filter(
                dimension,
                DIMENSIONS[dimension],
                choices,
                chosen.get(dimension, ""),
                before=DIMENSIONS[dimension],
                any_label=_("any"),
            )
        )
    return filters


@require_GET
@policy.route("observatory.figures")
def figures_export(request: HttpRequest, form: str) -> HttpResponseBase:
    return _export(request, indicators.ALL, form)


@require_GET
@policy.route("observatory.figures")
def indicator_export(request: HttpRequest, code: str, form: str) -> HttpResponseBase:
    return _export(request, [_indicator(code)], form)


def _export(request: HttpRequest, chosen: Any, form: str) -> HttpResponseBase:
    if form not in FORMATS:
        raise NotFound(_("Not found."))
    rows = shapes.figure_rows(chosen, timezone.localdate())
    return respond(exports.FIGURES, rows, form=form, viewer=viewer_of(request))


# --- who works with whom ----------------------------------------------------------------------------------
@require_GET
@policy.route("observatory.figures")
def ties(request: HttpRequest) -> HttpResponse:
    found = queries.pairs()
    names = queries.place_labels(code for pair in found for code in (pair.start, pair.end))
    by_name = {"countries": lambda pair: shapes.in_order(shapes.pair_name(pair, names)), **shapes.PAIR_KEYS}
    sorting = _sorting(request, by_name, "-ties", {})
    found = sorted(found, key=by_name[sorting.name], reverse=sorting.is_descending)
    context = {
        "tabs": tabs("ties"),
        "map": shapes.world_map(_("Cooperation between countries")),
        "table": shapes.pairs_table(found[:MOST_TIES], names, sorting),
        "left": max(0, len(found) - MOST_TIES),
    }
    return page(request, "observatory/ties.html", context)


@require_GET
@policy.route("observatory.figures")
def country_ties(request: HttpRequest, code: str) -> HttpResponse:
    return _ties_of(request, code)


@require_GET
@policy.route("observatory.figures")
def pair_ties(request: HttpRequest, start: str, end: str) -> HttpResponse:
    return _ties_of(request, start, end)


def _ties_of(request: HttpRequest, *codes: str) -> HttpResponse:
    """The records that join these countries."""
    places = {place.code: place for place in Place.objects.filter(code__in=codes, kind=Place.Kind.COUNTRY)}
    if set(places) != set(codes):
        raise NotFound(_("Not found."))
    nodes = queries.ties_between(*codes)
    viewer = viewer_of(request)
    found = []
    for kind in queries.TIE_KINDS:
        ids = [pk for name, pk in nodes if name == kind]
        found += lines.lines(viewer, kind, ids[:MOST_TIES])
    sorting = _sorting(request, shapes.LINE_KEYS, f"-{shapes.LATEST}", {})
    found.sort(key=shapes.LINE_KEYS[sorting.name], reverse=sorting.is_descending)
    title = " – ".join(place_name(places[code]) for code in codes)
    context = {
        "tabs": tabs("ties"),
        "title": title,
        "table": shapes.records_table(found, sorting, shapes.LINE_KEYS),
    }
    return page(request, "observatory/tie_records.html", context)


@require_GET
@policy.route("observatory.figures")
def ties_export(request: HttpRequest, form: str) -> HttpResponseBase:
    if form not in FORMATS:
        raise NotFound(_("Not found."))
    rows = [
        exports.TieRow(
            pair.start,
            pair.end,
            pair.count,
            pair.kinds["agreement"],
            pair.kinds["project"],
            pair.kinds["facility"],
            pair.latest,
        )
        for pair in queries.pairs()
    ]
    return respond(exports.TIES, rows, form=form, viewer=viewer_of(request))


# --- releases ---------------------------------------------------------------------------------------------
@require_GET
@policy.route("observatory.releases")
def release_list(request: HttpRequest) -> HttpResponse:
    found = (
        policies.visible_releases(viewer_of(request)).select_related("corrects").order_by("-year", "-version")
    )
    shown = window(found, request.GET.get("page", ""))
    rows = [
        ui.Row(
            _("Figures of %(year)s") % {"year": release.year},
            reverse("release_detail", args=[release.pk]),
            icon="archive",
            kind=_("Version %(n)s") % {"n": release.version},
            when=release.as_of,
            snippet=release.note,
            status=release.get_status_display(),
            status_tone="done" if release.status == Release.Status.FINAL else "waiting",
        )
        for release in shown.object_list
    ]
    may_release = policies.may_release(viewer_of(request))
    context = {
        "tabs": tabs("release_list"),
        "rows": rows,
        "page": shown,
        "freeze": ui.Action(_("Freeze the figures of a year"), reverse("release_new"), "archive")
        if may_release
        else None,
    }
    return page(request, "observatory/release_list.html", context)


@policy.route("observatory.release")
def release_new(request: HttpRequest) -> HttpResponse:
    """Freeze the figures of a year, or correct an earlier release of it."""
    form = forms.ReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = form.run(lambda: actions.release_year(by=caller(request), **form.cleaned_data))
        if made:
            messages.success(request, _("The figures are frozen."))
            return redirect("release_detail", made.pk)
    return form_page(
        request,
        form,
        title=_("Freeze the figures of a year"),
        lead=_(
            "Figures frozen on a day. They never change; a correction is a new version that says what it corrects."
        ),
        submit=_("Freeze"),
        cancel_url=reverse("release_list"),
    )


@require_GET
@policy.route("observatory.releases")
def release_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    release = get_object_or_404(policies.visible_releases(viewer_of(request)), pk=pk)
    context = {
        "tabs": tabs("release_list"),
        "release": release,
        "title": _("Figures of %(year)s") % {"year": release.year},
        "kind": _("Version %(n)s") % {"n": release.version},
        "table": _release_table(release),
        "newer": release.corrections.order_by("-version").first(),
        "downloads": [(form, reverse("release_export", args=[pk, form])) for form in FORMATS],
        "cite": _cite(
            request, _("Figures of %(year)s") % {"year": release.year} + f", {release}", release.as_of
        ),
    }
    return page(request, "observatory/release_detail.html", context)


@require_GET
@policy.route("observatory.releases")
def release_export(request: HttpRequest, pk: UUID, form: str) -> HttpResponseBase:
    """All frozen values of a release, the breakdowns too."""
    release: Release = get_object_or_404(policies.visible_releases(viewer_of(request)), pk=pk)
    if form not in FORMATS:
        raise NotFound(_("Not found."))
    values = release.values.order_by("indicator", "dimension", "member")
    rows = (
        exports.ReleasedRow(
            str(release),
            release.as_of,
            release.status,
            value.indicator,
            value.dimension,
            value.member,
            value.value,
            value.is_suppressed,
        )
        for value in values
    )
    return respond(exports.RELEASE, rows, form=form, viewer=viewer_of(request))


def _cite(request: HttpRequest, title: str, as_of: date) -> dict[str, str]:
    """How to name a page of figures elsewhere: title, node, day and address, and the licence of the data."""
    address = request.build_absolute_uri(request.path)
    text = ". ".join([title, settings.CONFIG.node_name or "Serai", on_day(as_of)])
    return {"text": text, "url": address, "licence": exports.LICENCE}


def _release_table(release: Release) -> ui.Table:
    """The totals, beside those of the release it corrects."""
    totals = {value.indicator: value for value in release.values.filter(dimension="")}
    before = release.corrects
    earlier = {value.indicator: value for value in before.values.filter(dimension="")} if before else {}
    columns = [ui.Column(_("Indicator")), ui.Column(_("Value"), numeric=True)]
    if before:
        columns.append(ui.Column(_("Before the correction"), numeric=True))
    rows = []
    for indicator in indicators.ALL:
        if indicator.code not in totals:
            continue
        row: list[Any] = [
            ui.Value(indicator.name, url=reverse("indicator_detail", args=[indicator.code])),
            _printed(totals[indicator.code].value),
        ]
        if before:
            row.append(_printed(earlier[indicator.code].value) if indicator.code in earlier else "–")
        rows.append(row)
    return ui.Table(_("Frozen figures"), columns, rows)


def _printed(value: Any) -> object:
    return _("fewer than 5") if value is None else int(value)
