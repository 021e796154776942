"""The page Today: what is expected of a person, by when, and what changed for them.

Duties come from the apps (`core.duties`), news from those that register a source here: `core` knows neither
what a duty is about nor how a notice is stored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from serai.core import kinds, policy, ui, words
from serai.core.duties import MOST, Duty, duties_of
from serai.core.viewer import Viewer, viewer_of

WEEK = timedelta(days=7)
MOST_NEWS = 60
STORIES = 12
"""Stories on the page Today; the page of the notices has them all."""

IN_SIGHT = 7
"""Rows of a group that are read at once; the rest open with one tap."""

GATHERED_FROM = 4
"""So many duties of one kind are one row, which leads to the page that lists them."""


@dataclass(frozen=True)
class News:
    """One thing that happened, as a sentence (HTML where it is marked safe); `is_new` until the person has read it.

    `about` says what it is about (a record, or the page that lists many such): news of one day about the same are
    one story.
    """

    at: datetime
    text: str
    url: str
    is_new: bool
    about: str = ""
    icon: str = "bell"
    languages: Sequence[str] = ()
    """Those of its names that the reader may not know."""


@dataclass(frozen=True)
class Story:
    """What happened on one day that is about the same: the latest, and what came before it, the newest first."""

    latest: News
    earlier: Sequence[News]

    @property
    def is_new(self) -> bool:
        return any(news.is_new for news in (self.latest, *self.earlier))


@dataclass(frozen=True)
class Day:
    """The stories of one day, in the order of their latest news; `label` is "Today", "Yesterday" or the date."""

    label: str
    stories: Sequence[Story]


@dataclass(frozen=True)
class Line:
    """A duty as a row, or several of a kind: `count` says how many ("12", "50+"), `duty` is the first one due.

    `language` names the language of the title where the reader may not read it.
    """

    what: Any
    url: str
    duty: Duty
    icon: str
    language: str
    count: str = ""


@dataclass(frozen=True)
class Group:
    """Rows of one stretch of time: those in sight, and those behind them."""

    title: str
    tone: str
    rows: Sequence[Line]
    more: Sequence[Line]


Source = Callable[[Viewer], Iterable[News]]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it returns at most `MOST_NEWS` with a constant number of queries."""
    _sources.append(function)
    return function


def news_of(viewer: Viewer) -> list[News]:
    found = [news for give in _sources for news in give(viewer)]
    return sorted(found, key=lambda news: news.at, reverse=True)[:MOST_NEWS]


def by_day(news: Iterable[News]) -> list[Day]:
    """News, the newest first, as days with their stories."""
    days: dict[date, dict[str, list[News]]] = {}
    for number, one in enumerate(news):
        stories = days.setdefault(timezone.localtime(one.at).date(), {})
        stories.setdefault(one.about or str(number), []).append(one)
    return [
        Day(_day_label(day), [Story(found[0], found[1:]) for found in stories.values()])
        for day, stories in days.items()
    ]


def _day_label(day: date) -> str:
    gone = (timezone.localdate() - day).days
    return {0: _("Today"), 1: _("Yesterday")}.get(gone) or words.on_weekday(day)


def _first(days: Iterable[Day], most: int) -> list[Day]:
    """The days as far as their first `most` stories."""
    kept: list[Day] = []
    for day in days:
        left = most - sum(len(other.stories) for other in kept)
        if left > 0:
            kept.append(Day(day.label, day.stories[:left]))
    return kept


@require_GET
@policy.route("core.signed_in")
def today(request: HttpRequest) -> HttpResponse:
    request.serai_place = "today"  # type: ignore[attr-defined]
    viewer, day = viewer_of(request), timezone.localdate()
    lines = list(_lines(duties_of(viewer), viewer))
    context = {
        "first": _group(_("First of all"), lines[:1], day) if lines else None,
        "groups": _groups(lines[1:], day),
        "days": _first(by_day(news_of(viewer)), STORIES),
        "find": ui.Action(_("Find a partner"), "/find/", "search"),
        "day": day,
    }
    return render(request, "core/today.html", context)


def _lines(duties: Iterable[Duty], viewer: Viewer) -> Iterator[Line]:
    """The duties in their order; many of a kind are one row where the first of them stands."""
    found = list(duties)
    icons = {kind.name: kind.icon for kind in kinds.all_kinds()}
    numbers = Counter(duty.many.url for duty in found if duty.many)
    gathered: set[str] = set()
    for duty in found:
        number = numbers[duty.many.url] if duty.many else 1
        language = duty.title_language if is_foreign(duty.title_language, viewer) else ""
        line = Line(duty.what, duty.url, duty, icons.get(duty.kind, "circle"), language)
        if duty.many is None or number < GATHERED_FROM:
            yield line
        elif duty.many.url not in gathered:
            gathered.add(duty.many.url)
            count = words.number(number) if number < MOST else f"{words.number(MOST)}+"
            yield replace(line, what=duty.many.what, url=duty.many.url, count=str(count))


def is_foreign(language: str, reader: Viewer) -> bool:
    """Whether a text in `language` is neither in the language of the page nor in one the reader says they read."""
    known = {tag.split("-")[0].lower() for tag in (get_language() or "en", *getattr(reader, "reads", ()))}
    return bool(language) and language.split("-")[0].lower() not in known


def _groups(lines: Sequence[Line], day: date) -> list[Group]:
    """Late, this week, later, without a date; no empty groups."""
    late = [x for x in lines if x.duty.due_on and x.duty.due_on < day]
    soon = [x for x in lines if x.duty.due_on and day <= x.duty.due_on <= day + WEEK]
    later = [x for x in lines if x.duty.due_on and x.duty.due_on > day + WEEK]
    undated = [x for x in lines if x.duty.due_on is None]
    groups = ((_("Late"), late), (_("This week"), soon), (_("Later"), later), (_("Without a date"), undated))
    return [_group(title, found, day) for title, found in groups if found]


def _group(title: str, lines: Sequence[Line], day: date) -> Group:
    due = lines[0].duty.due_on
    tone = "quiet" if due is None or due > day + WEEK else "waiting" if due >= day else "stopped"
    return Group(title, tone, lines[:IN_SIGHT], lines[IN_SIGHT:])


@require_GET
@policy.route("core.public")
def help_page(request: HttpRequest) -> HttpResponse:
    request.serai_place = "help"  # type: ignore[attr-defined]
    stops = [ui.Stop(kind.label, "done") for kind in kinds.all_kinds() if kind.stage is not None]
    return render(request, "core/help.html", {"stops": stops})


@require_GET
@policy.route("core.public")
def help_api(request: HttpRequest) -> HttpResponse:
    request.serai_place = "help"  # type: ignore[attr-defined]
    return render(request, "core/help_api.html", {"base": request.build_absolute_uri("/api/v1/")})
