"""The smallest pieces of a page: icon, pill, name, date, language.

They are printed by Python and not by templates because a list of fifty rows holds four hundred of them, and
a template for each costs more than the database. Everything goes through `format_html`.
"""

from datetime import date, datetime
from functools import cache
from zlib import crc32

from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from serai.core import tiers, ui, words
from serai.core.text import Origin

NOTHING = SafeString("")

TONE_COLOURS = {
    "quiet": "slate",
    "active": "lapis",
    "done": "jade",
    "waiting": "saffron",
    "stopped": "madder",
}
TONE_ICONS = {
    "quiet": "circle",
    "active": "circle-half",
    "done": "check-lg",
    "waiting": "hourglass-split",
    "stopped": "x-lg",
}
CHIP_ICONS = {
    "organisation": "building",
    "person": "person",
    "place": "geo-alt",
    "event": "calendar-event",
    "node": "hdd-network",
}
TIER_ICONS = {"public": "globe2", "network": "people", "mutual": "arrow-left-right", "sealed": "lock"}


def points(name: str) -> bool:
    """Whether an icon points along the line of reading, so that it is mirrored from right to left."""
    both_ways = "left-right" in name
    return not both_ways and any(part in name for part in ("left", "right", "send", "forward", "signpost"))


@cache
def _symbol(name: str) -> tuple[str, str]:
    """CSS class and address of a symbol of the sprite."""
    href = f"{static('vendor/bootstrap-icons/sprite.svg')}#{name}"
    return ("icon flip" if points(name) else "icon"), href


@cache
def _decoration(name: str) -> SafeString:
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', *_symbol(name))


def icon(name: str, label: ui.Text = "") -> SafeString:
    """A symbol of the sprite: decoration beside a word, or with `label` a picture with a name."""
    if not label:
        return _decoration(name)
    css, href = _symbol(name)
    return format_html(
        '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', css, label, href
    )


def pill(label: ui.Text, tone: str = "quiet", icon: str = "") -> SafeString:
    """A status in words, with the icon and colour of its tone."""
    symbol = _decoration(icon or TONE_ICONS.get(tone, "circle"))
    return format_html(
        '<span class="pill tone-{}">{}{}</span>', TONE_COLOURS.get(tone, "slate"), symbol, label
    )


def due(day: date | datetime | None, label: ui.Text = "", done: bool = False) -> SafeString:
    """ "Answer by Fri, 27 Nov 2026 3 days left": saffron within a week, madder when it is past."""
    day = words.as_day(day)
    if day is None:
        return NOTHING
    left, tone = words.due_state(day, done=done)
    return format_html(
        '<span class="due{}">{}<span>{} <time datetime="{}">{}</time></span>{}</span>',
        f" tone-{TONE_COLOURS[tone]}" if left and tone != "quiet" else "",
        _decoration("clock"),
        label or _("Due"),
        day.isoformat(),
        words.on_weekday(day),
        format_html('<span class="left">{}</span>', left) if left else "",
    )


def when(value: date | datetime | None, label: ui.Text = "") -> SafeString:
    """A date in words, with the exact date and time on the `time` element."""
    if value is None:
        return NOTHING
    exact = f", {words.at_time(value)}" if isinstance(value, datetime) else ""
    return format_html(
        '{}<time dir="auto" datetime="{}" title="{}{}">{}</time>',
        format_html("{} ", label) if label else "",
        value.isoformat(),
        words.on_weekday(value),
        exact,
        words.ago(value),
    )


def named(text: ui.Text, lang: str = "", url: str = "") -> SafeString:
    """A name or title kept apart from the direction of the line around it."""
    inner = format_html('<a href="{}">{}</a>', url, text) if url else text
    if lang:
        return format_html('<bdi lang="{}">{}</bdi>', lang, inner)
    return format_html("<bdi>{}</bdi>", inner)


def chip(shape: ui.Chip) -> SafeString:
    """A person, organisation or place by name; the verified ones carry the seal."""
    if shape.verified:
        mark = format_html('<span class="verified">{}</span>', icon("patch-check", _("Verified")))
    else:
        mark = _decoration(CHIP_ICONS[shape.kind])
    place = (
        format_html('<span class="place-name"> · <bdi>{}</bdi></span>', shape.place) if shape.place else ""
    )
    return format_html(
        '<span class="chip">{}<span>{}{}</span></span>', mark, named(shape.name, shape.lang, shape.url), place
    )


HUES = 8


def person(name: ui.Text, key: object) -> SafeString:
    """A name in a schedule with one of eight colours, always the same for its key: found again at a glance."""
    return format_html('<i class="hue h{}"></i><bdi>{}</bdi>', crc32(str(key).encode()) % HUES, name)


def slot(cell: ui.Cell | None) -> SafeString:
    """What stands in one slot of a schedule: people by name and colour, or a title with its detail."""
    if cell is None or not cell.title:
        return NOTHING
    css = f"slot tone-{TONE_COLOURS[cell.tone]}" if cell.tone else "slot"
    hint = format_html(' title="{}"', cell.detail) if cell.detail else NOTHING
    symbol = _decoration(cell.icon) if cell.icon else NOTHING
    if cell.people:
        named = ((key, person(name, key)) for name, key in cell.people)
        inner = format_html_join("", '<span class="one" data-person="{}">{}</span>', named) + symbol
    else:
        detail = (
            format_html('<span class="sub"><bdi>{}</bdi></span>', cell.detail) if cell.detail else NOTHING
        )
        inner = format_html("<strong>{} <bdi>{}</bdi></strong>{}", symbol, cell.title, detail)
    if not cell.url:
        return format_html('<div class="{}"{}>{}</div>', css, hint, inner)
    moves = format_html(' draggable="true" data-move="{}"', cell.url) if cell.is_movable else NOTHING
    return format_html('<a class="{}" href="{}"{}{}>{}</a>', css, cell.url, moves, hint, inner)


def language_tag(tag: str, origin: str = "", original_url: str = "") -> SafeString:
    """A language by name, with the mark of a translation and the way to the original."""
    name = (
        format_html("<span>{} {}</span>", _decoration("translate"), words.language_name(tag)) if tag else ""
    )
    if origin in {"", Origin.WRITTEN}:
        return format_html('<span class="lang">{}</span>', name)
    machine = format_html("{} ", _decoration("cpu")) if origin == Origin.MACHINE else ""
    original = format_html(' · <a href="{}">{}</a>', original_url, pgettext("text", "Original"))
    return format_html(
        '<span class="lang">{}<span class="origin">{}{}{}</span></span>',
        name,
        machine,
        Origin(origin).label,
        original if original_url else "",
    )


def tier(value: str) -> SafeString:
    """A disclosure tier by name and icon."""
    return format_html(
        '<span class="tier tier-{}">{}{}</span>',
        value,
        _decoration(TIER_ICONS[value]),
        tiers.Tier(value).label,
    )
