"""The component tags: each prints one template of `core/templates/components/`.

The tags are built-ins (`settings.TEMPLATES`), so no template loads them. The shapes they take are those of
`core.ui`; `docs/interface.md` documents every tag with an example, `/style/` shows them in all states.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import pycountry
from django import template
from django.contrib.messages.storage.base import Message
from django.db import models
from django.forms import BoundField, Form
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from serai.core import kinds, lifecycle, small, ui, words
from serai.core.chain import Step

register = template.Library()

# --- small words --------------------------------------------------------------------------------------------
for _tag in (
    small.icon,
    small.pill,
    small.due,
    small.when,
    small.language_tag,
    small.tier,
    small.person,
    small.slot,
):
    register.simple_tag(_tag)
for _filter in (
    words.ago,
    words.as_day,
    words.capped,
    words.colon,
    words.language_name,
    words.language_name_local,
    words.number,
    words.on_day,
    words.on_day_at,
    words.on_weekday,
    words.text_direction,
    words.written,
    words.zone_name,
):
    register.filter(_filter.__name__, _filter)


language_name = words.language_name


@register.filter
def colour(tone: str) -> str:
    """The colour name of a tone: `waiting` -> `saffron`. An unknown tone is neutral."""
    return small.TONE_COLOURS.get(tone, "slate")


@register.filter
def tone(obj: models.Model) -> str:
    """The tone of a record's status, as its lifecycle says."""
    return lifecycle.tone_of(obj)


@register.filter
def tone_icon(tone: str) -> str:
    return small.TONE_ICONS.get(tone, "circle")


@register.simple_tag
def status(obj: models.Model, field: str = "status") -> SafeString:
    """The status of a record as a pill, in the tone its lifecycle gives."""
    return small.pill(getattr(obj, f"get_{field}_display")(), lifecycle.tone_of(obj))


@register.simple_tag
def chip(
    name: ui.Text | ui.Chip,
    url: str = "",
    kind: Any = "organisation",
    place: ui.Text = "",
    lang: str = "",
    verified: bool = False,
) -> SafeString:
    """A person, organisation or place by name; `name` may be a ready `ui.Chip`."""
    return small.chip(name if isinstance(name, ui.Chip) else ui.Chip(name, url, kind, place, lang, verified))


@register.inclusion_tag("components/text.html")
def text_in(
    body: str, lang: str = "", origin: str = "", original_url: str = "", mark: bool = True
) -> dict[str, Any]:
    """A user's text in its own language and direction, marked when it is a translation."""
    return {"body": body, "lang": lang, "origin": origin, "original_url": original_url, "mark": mark}


@register.filter
def message_tone(message: Message) -> str:
    """The tone of a message of `django.contrib.messages`."""
    return {"success": "done", "warning": "waiting", "error": "stopped"}.get(message.level_tag, "active")


@register.simple_tag
def places(nav: Sequence[Any]) -> dict[str, list[Any]]:
    """The entries of `nav` for the rail (main, foot) and for a phone's bottom bar (bar, rest)."""
    main = [item for item in nav or () if not item.foot]
    foot = [item for item in nav or () if item.foot]
    room = 5 if len(main) + len(foot) <= 5 else 4
    return {"main": main, "foot": foot, "bar": (main + foot)[:room], "rest": (main + foot)[room:]}


# --- page parts -------------------------------------------------------------------------------------------
@register.inclusion_tag("components/page_header.html", takes_context=True)
def page_header(
    context: template.Context,
    title: ui.Text,
    kind: ui.Text = "",
    lang: str = "",
    owner: ui.Chip | None = None,
    place: ui.Text = "",
    status: ui.Text = "",
    tone: str = "quiet",
    lead: ui.Text = "",
    tier: str = "",
    due: date | None = None,
    due_label: ui.Text = "",
    next_step: ui.Action | None = None,
    actions: Sequence[ui.Action] = (),
    language: str = "",
    origin: str = "",
) -> dict[str, Any]:
    """The head of a page: its one `h1`, its one next step in sight, what else can be done in the menu."""
    in_sight, in_menu = spread(next_step, actions)
    return {
        "title": title,
        "kind": kind,
        "lang": lang,
        "owner": owner,
        "place": place,
        "status": status,
        "tone": tone,
        "lead": lead,
        "tier": tier,
        "due": due,
        "due_label": due_label,
        "next_step": next_step,
        "in_sight": in_sight,
        "in_menu": in_menu,
        "language": language,
        "origin": origin,
        "csrf_token": context.get("csrf_token"),
    }


def spread(
    next_step: ui.Action | None, actions: Sequence[ui.Action]
) -> tuple[list[ui.Action], list[ui.Action]]:
    """Which further actions stand as buttons and which lie in the menu.

    Where nothing is the next step, the first action is in sight instead; and what would be alone in a menu is a
    button, so that no menu hides the only thing there is to do. What cannot be taken back stays in the menu.
    """
    in_sight: list[ui.Action] = []
    in_menu = list(actions)
    while in_menu and not in_menu[0].danger and (len(in_menu) == 1 or not (next_step or in_sight)):
        in_sight.append(in_menu.pop(0))
    return in_sight, in_menu


@register.inclusion_tag("components/action.html", takes_context=True)
def action(context: template.Context, action: ui.Action, style: str = "secondary") -> dict[str, Any]:
    """One action as a button: `style` is primary, secondary, quiet or menu."""
    return {"action": action, "style": style, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/more.html", takes_context=True)
def more(context: template.Context, actions: Sequence[ui.Action], label: ui.Text = "") -> dict[str, Any]:
    """The overflow menu of less frequent actions."""
    return {"actions": actions, "label": label or _("More actions"), "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/confirm.html", takes_context=True)
def confirm(
    context: template.Context, action: ui.Action, text: ui.Text = "", style: str = "secondary"
) -> dict[str, Any]:
    """A question before a step that cannot be taken back; opens in place and works without scripts."""
    return {
        "action": action,
        "text": text,
        "style": "menu" if style == "menu" else f"btn btn-{style}",
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/chain.html")
def chain(stops: Sequence[ui.Stop | Step], title: ui.Text = "") -> dict[str, Any]:
    """The chain beside a record: `core.chain.walk(viewer, obj)`, or stops of your own."""
    steps = [stop for stop in stops if isinstance(stop, Step)]
    own = [stop for stop in stops if isinstance(stop, ui.Stop)]
    return {"stops": own or stops_of(steps), "title": title or pgettext("chain", "The chain")}


MOST_OF_A_KIND = 2
"""Steps of one kind on the road: what began with a need and an offer shows both."""


def stops_of(steps: Sequence[Step]) -> list[ui.Stop]:
    """Every stage of the chain in order: what exists lit and linked (two a kind at most), the rest ahead.

    Beside a record that is no stage itself (an event) only what exists stands, the record after its organisation.
    """
    if not steps:
        return []
    near: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda s: (not s.is_here, s.distance)):
        near.setdefault(step.card.kind, []).append(step)
    placed = []
    for of_kind in near.values():
        shown = of_kind[:MOST_OF_A_KIND]
        for step in shown:
            more = len(of_kind) - len(shown) if step is shown[-1] else 0
            placed.append((step.stage, _stop(step, more)))
    if any(step.is_here and kinds.kind_named(step.card.kind).stage is None for step in steps):
        return [stop for _stage, stop in sorted(placed, key=lambda pair: (pair[0], pair[1].state == "here"))]
    reached = {stage for stage, _stop_there in placed}
    for kind in kinds.all_kinds():
        if kind.stage is not None and kind.stage not in reached:
            reached.add(kind.stage)
            placed.append((kind.stage, ui.Stop(kind=kind.label)))
    return [stop for _stage, stop in sorted(placed, key=lambda pair: pair[0])]


def _stop(step: Step, more: int) -> ui.Stop:
    return ui.Stop(
        kind=kinds.kind_named(step.card.kind).label,
        state="here" if step.is_here else "done",
        title=step.card.title,
        url="" if step.is_here else step.card.url,
        note=step.card.status or step.card.detail,
        lang=step.card.language,
        more=more,
    )


@register.inclusion_tag("components/route.html")
def route(stops: Sequence[ui.Stop], label: ui.Text = "") -> dict[str, Any]:
    """The same road lying down: the steps of a long form, or a lifecycle."""
    return {"stops": stops, "label": label or _("Steps")}


@register.inclusion_tag("components/facts.html")
def facts(items: Sequence[ui.Fact], title: ui.Text = "") -> dict[str, Any]:
    return {"items": items, "title": title}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[ui.Tab], label: ui.Text = "") -> dict[str, Any]:
    return {"items": items, "label": label or _("Views")}


@register.inclusion_tag("components/empty.html", takes_context=True)
def empty(
    context: template.Context,
    title: ui.Text,
    text: ui.Text = "",
    icon: str = "inbox",
    action: ui.Action | None = None,
    second: ui.Action | None = None,
) -> dict[str, Any]:
    """What belongs here, why it helps, and the first step."""
    return {
        "title": title,
        "text": text,
        "icon": icon,
        "action": action,
        "second": second,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Sequence[ui.Entry], label: ui.Text = "") -> dict[str, Any]:
    return {"entries": entries, "label": label or _("History")}


@register.inclusion_tag("components/progress.html", takes_context=True)
def progress(context: template.Context, job: ui.Progress) -> dict[str, Any]:
    percent = min(100, round(100 * job.done / job.total)) if job.total else None
    return {"job": job, "percent": percent, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/tokens.html")
def tokens(items: Sequence[ui.Token], label: ui.Text = "") -> dict[str, Any]:
    return {"items": items, "label": label}


@register.inclusion_tag("components/copy_link.html")
def copy_link(url: str, label: ui.Text = "") -> dict[str, Any]:
    return {"url": url, "label": label or _("Copy link")}


# --- lists ------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/sentence.html", takes_context=True)
def filter_sentence(
    context: template.Context,
    filters: Sequence[ui.Filter],
    query: str = "",
    keep: str = "",
    search: bool = False,
    target: str = "",
    placeholder: ui.Text = "",
    large: bool = False,
) -> dict[str, Any]:
    """The filters as a sentence; a GET form whose every word is a control.

    `search` adds the search field (parameter `q`, value `query`), `placeholder` says what it looks through,
    `large` makes it the main thing of the page; `keep` is a query string of parameters
    to carry along; `target` is the id of the element HTMX swaps (the page is loaded whole without it).
    """
    kept = [pair.partition("=")[::2] for pair in keep.split("&") if "=" in pair]
    return {
        "words": [_word(f) for f in filters],
        "query": query,
        "search": search,
        "kept": kept,
        "target": target,
        "placeholder": placeholder,
        "large": large,
        "request": context.get("request"),
    }


def _word(word: ui.Filter) -> dict[str, Any]:
    chosen = [word.value] if isinstance(word.value, str) else list(word.value)
    picked = [o.label for o in word.options if o.value in chosen]
    return {
        "filter": word,
        "chosen": chosen,
        "summary": picked[0] if picked else word.any_label,
        "others": max(0, len(picked) - 1),
        "is_set": any(chosen),
    }


@register.inclusion_tag("components/rows.html")
def rows(
    items: Sequence[ui.Row], form: str = "", label: ui.Text = "", compact: bool = False
) -> dict[str, Any]:
    """Result rows; `form` is the id of the form that takes the chosen rows for a bulk action."""
    return {"items": items, "form": form, "label": label or _("Results"), "compact": compact}


@register.inclusion_tag("components/row.html")
def row(item: ui.Row, form: str = "") -> dict[str, Any]:
    """One result row on its own, for an HTMX answer that replaces it."""
    return {"item": item, "form": form}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(
    context: template.Context, page: Any, total: int | None = None, cap: int = 200, parameter: str = "page"
) -> dict[str, Any]:
    """Previous and next for anything with Django's `Page` interface; `total` is shown capped ("200+")."""
    request = context.get("request")
    query = request.GET.copy() if request else None

    def address(number: int) -> str:
        if query is None:
            return f"?{parameter}={number}"
        query[parameter] = str(number)
        return f"?{query.urlencode()}"

    return {
        "page": page,
        "total": None if total is None else words.capped(total, cap),
        "is_counted": bool(total),
        "previous": address(page.previous_page_number()) if page.has_previous() else "",
        "next": address(page.next_page_number()) if page.has_next() else "",
    }


@register.inclusion_tag("components/table.html")
def data_table(table: ui.Table, id: str = "", cards: bool = True) -> dict[str, Any]:
    """A table; on phones each row of a wide one becomes a card that names its columns."""
    body = [[(column, as_value(v)) for column, v in zip(table.columns, r, strict=True)] for r in table.rows]
    return {"table": table, "body": body, "id": id, "cards": cards and len(table.columns) > 2}


def as_value(value: ui.Value | ui.Text) -> ui.Value:
    return value if isinstance(value, ui.Value) else ui.Value(text=value)


# --- forms ------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/field.html")
def field(bound: BoundField, help: ui.Text = "", label: ui.Text = "", lang: str = "") -> dict[str, Any]:
    """One field: label, required mark, control, help beside it, errors in words under it."""
    control = bound.field.widget
    kind = getattr(control, "input_type", "") or type(control).__name__.lower()
    errors = list(bound.errors)
    described = []
    help_text = help or bound.help_text
    if help_text:
        described.append(f"{bound.id_for_label or bound.auto_id}_help")
    if errors:
        described.append(f"{bound.id_for_label or bound.auto_id}_error")
    attrs: dict[str, Any] = {"class": _control_class(kind, bool(errors), str(control.attrs.get("class", "")))}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if errors:
        attrs["aria-invalid"] = "true"
    if lang:
        attrs |= {"lang": lang, "dir": words.text_direction(lang)}
    elif kind in {"textarea", "text", "search"}:
        attrs["dir"] = "auto"
    group = bool(getattr(control, "use_fieldset", False))
    return {
        "field": bound,
        "control": bound.as_widget(attrs=attrs),
        "id": bound.id_for_label or bound.auto_id,
        "kind": "file" if kind == "file" else "group" if group else "check" if kind == "checkbox" else "line",
        "label": label or bound.label,
        "help": help_text,
        "errors": errors,
        "required": bound.field.required,
        "is_hidden": bound.is_hidden,
    }


def _control_class(kind: str, wrong: bool, given: str) -> str:
    base = {
        "checkbox": "form-check-input",
        "radio": "form-check-input",
        "select": "form-select",
        "hidden": "",
    }
    return " ".join(filter(None, (base.get(kind, "form-control"), "is-invalid" if wrong else "", given)))


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: Form) -> dict[str, Any]:
    """What is wrong with a form, in words, each linked to its field; nothing when all is well."""
    wrong = [
        (bound.id_for_label or bound.auto_id, bound.label, list(bound.errors))
        for bound in form
        if bound.errors
    ]
    return {"general": list(form.non_field_errors()), "wrong": wrong, "any": bool(form.errors)}


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: Form) -> dict[str, Any]:
    """The error summary and every field of a form, in order."""
    return {"form": form}


# --- numbers, pictures, schedule --------------------------------------------------------------------------
@register.inclusion_tag("components/figure.html")
def figure(item: ui.Figure) -> dict[str, Any]:
    """A large number, its definition one tap away, the records one click away."""
    points = spark_points(item.series)
    return {
        "item": item,
        "spark": points,
        "spark_end": points.rpartition(" ")[2].split(","),
        "id": unique("figure", item.label),
    }


def spark_points(values: Sequence[float], width: int = 96, height: int = 24) -> str:
    """Points of an SVG polyline: values left to right, the smallest at the foot."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (width - 4) / (len(values) - 1)
    return " ".join(
        f"{2 + i * step:.1f},{height - 3 - (v - low) / span * (height - 6):.1f}" for i, v in enumerate(values)
    )


def unique(prefix: str, label: ui.Text) -> str:
    return f"{prefix}-{slugify(str(label))[:40]}-{uuid4().hex[:6]}"


@register.inclusion_tag("components/match.html")
def match(item: ui.Match) -> dict[str, Any]:
    """Two texts side by side, their matched passages joined by lines. What has no partner is not marked."""
    both = set(_pairs(item.mine)) & set(_pairs(item.theirs))
    found = [pair for pair in dict.fromkeys(_pairs(item.mine)) if pair in both]
    numbers = {pair: number for number, pair in enumerate(found, start=1)}
    return {"item": item, "sides": [_side(item.mine, numbers), _side(item.theirs, numbers)]}


def _pairs(side: ui.Side) -> list[str]:
    """The names of the pairs a side has a part in, in the order they are read."""
    return [pair for pair in (side.title_pair, *(p.pair for p in side.passages)) if pair]


def _side(side: ui.Side, numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "side": side,
        "title_number": numbers.get(side.title_pair, 0),
        "passages": [(p.text, numbers.get(p.pair, 0)) for p in side.passages],
    }


@register.inclusion_tag("components/chart.html")
def chart(item: ui.Chart) -> dict[str, Any]:
    """A chart with its table beside it and its download; drawn by `core/chart.js`."""
    name = unique("chart", item.title)
    data = {
        "kind": item.kind,
        "unit": str(item.unit),
        "title": str(item.title),
        "categories": [str(c) for c in item.categories],
        "series": [{"name": str(s.name), "values": list(s.values)} for s in item.series],
    }
    return {"item": item, "id": name, "data": data, "data_id": f"{name}-data", "table": table_of_chart(item)}


def table_of_chart(item: ui.Chart) -> ui.Table:
    columns = [ui.Column(item.category_label), *(ui.Column(s.name, numeric=True) for s in item.series)]
    links: Iterable[str] = item.links or [""] * len(item.categories)
    body = [
        [
            ui.Value(category, url=url),
            *(ui.Value("" if s.values[i] is None else s.values[i]) for s in item.series),
        ]
        for i, (category, url) in enumerate(zip(item.categories, links, strict=True))
    ]
    return ui.Table(item.title, columns, body)


@register.inclusion_tag("components/world_map.html")
def world_map(item: ui.WorldMap, wide: bool = False) -> dict[str, Any]:
    """A world map with arcs, and the same facts as a table beside it or, `wide`, one tap under it; drawn by
    `core/map.js`."""
    name = unique("map", item.title)
    data = {
        "title": str(item.title),
        "countries": [
            {
                "id": country_number(c.code),
                "code": c.code,
                "name": str(c.name),
                "value": c.value,
                "url": c.url,
            }
            for c in item.countries
        ],
        "arcs": [
            {
                "from": country_number(a.start),
                "to": country_number(a.end),
                "value": a.value,
                "label": str(a.label),
                "url": a.url,
            }
            for a in item.arcs
        ],
    }
    known = [c for c in item.countries if c.value is not None]
    table = ui.Table(
        item.title,
        [ui.Column(_("Country")), ui.Column(item.value_label or _("Number"), numeric=True)],
        [
            [ui.Value(c.name, url=c.url), ui.Value(c.value)]
            for c in sorted(known, key=lambda c: (-(c.value or 0), str(c.name)))
        ],
    )
    return {"item": item, "id": name, "data": data, "data_id": f"{name}-data", "table": table, "wide": wide}


@cache
def country_number(code: str) -> str:
    """ISO 3166-1 alpha-2 -> the three digits the map's shapes carry; unknown codes give an empty string."""
    country = pycountry.countries.get(alpha_2=code.upper())
    return str(country.numeric) if country else ""


@register.inclusion_tag("components/schedule_grid.html")
def schedule_grid(grid: ui.Grid) -> dict[str, Any]:
    """Time across, tables down. Every row has one cell a slot."""
    keys = grid.keys or [""] * len(grid.slots)
    body = [(r, list(zip(keys, r.cells, strict=True))) for r in grid.rows]
    return {"grid": grid, "body": body}


@register.inclusion_tag("components/my_day.html")
def my_day(meetings: Sequence[ui.Meeting], now: datetime | None = None) -> dict[str, Any]:
    """The meetings of one day in order: the next one fills the screen, the rest is a line each.

    Times are printed as they come: by the clocks of the event, not in the zone of the page.
    """
    moment = now or timezone.now()
    coming = [m for m in meetings if m.end > moment]
    following = coming[0] if coming else None
    minutes = round((following.start - moment).total_seconds() / 60) if following else 0
    return {
        "next": following,
        "minutes": minutes,
        "starts_in": words.starts_in(minutes) if following else "",
        "meetings": [(m, m is following, m.end <= moment) for m in meetings],
    }


# --- tags around content ----------------------------------------------------------------------------------
@register.simple_block_tag
def panel(content: str, title: ui.Text = "", icon: str = "", id: str = "", level: int = 2) -> str:
    """{% panel title=… %}…{% endpanel %}: a part of a page under its own heading."""
    context = {"content": content, "title": title, "icon": icon, "id": id, "level": level}
    return render_to_string("components/panel.html", context)


@register.simple_block_tag
def note(content: str, tone: str = "quiet", title: ui.Text = "", icon: str = "") -> str:
    """{% note tone="waiting" %}…{% endnote %}: something to know, beside what it concerns."""
    icons = {"waiting": "exclamation-triangle", "stopped": "exclamation-octagon", "done": "check-circle"}
    context = {
        "content": content,
        "tone": tone,
        "title": title,
        "icon": icon or icons.get(tone, "info-circle"),
    }
    return render_to_string("components/note.html", context)


@register.inclusion_tag("components/chart_scripts.html")
def chart_scripts() -> dict[str, Any]:
    """What `{% chart %}` needs; goes into the block `scripts` of the page."""
    return {}


@register.inclusion_tag("components/map_scripts.html")
def map_scripts() -> dict[str, Any]:
    """What `{% world_map %}` needs; goes into the block `scripts` of the page."""
    return {}
