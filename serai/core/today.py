"""The page Today: what is expected of a person, by when, and what changed for them.

Duties come from the apps (`core.duties`), news from those that register a source here: `core` knows neither
what a duty is about nor how a notice is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from serai.core import kinds, policy, ui, words
from serai.core.duties import Duty, duties_of
from serai.core.viewer import Viewer, viewer_of

WEEK = timedelta(days=7)
MOST_NEWS = 60
STORIES = 12
"""Stories on the page Today; the page of the notices has them all."""

IN_SIGHT = 7
"""Duties of a group that are read at once; the rest open with one tap."""


@dataclass(frozen=True)
class News:
    """One thing that happened, as a sentence; `is_new` until the person has read it.

    `about` says what it is about (a record, or the page that lists many such): news of one day about the same are
    one story.
    """

    at: datetime
    text: str
    url: str
    is_new: bool
    about: str = ""
    icon: str = "bell"


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
    duties = duties_of(viewer)
    context = {
        "groups": _groups(duties, day),
        "count": len(duties),
        "days": _first(by_day(news_of(viewer)), STORIES),
        "find": ui.Action(_("Find a partner"), "/find/", "search"),
        "day": day,
    }
    return render(request, "core/today.html", context)


def _groups(duties: list[Duty], day: date) -> list[tuple[Any, str, list[ui.Row], list[ui.Row]]]:
    """(heading, tone, rows in sight, rows behind them): late, this week, later, without a date; no empty groups."""
    late = [d for d in duties if d.due_on and d.due_on < day]
    soon = [d for d in duties if d.due_on and day <= d.due_on <= day + WEEK]
    later = [d for d in duties if d.due_on and d.due_on > day + WEEK]
    undated = [d for d in duties if d.due_on is None]
    groups = (
        (_("Late"), "stopped", late),
        (_("This week"), "waiting", soon),
        (_("Later"), "quiet", later),
        (_("Without a date"), "quiet", undated),
    )
    rows = [(title, tone, [_row(duty) for duty in found]) for title, tone, found in groups if found]
    return [(title, tone, found[:IN_SIGHT], found[IN_SIGHT:]) for title, tone, found in rows]


def _row(duty: Duty) -> ui.Row:
    """What is to be done stands first: the sentence is the link, the record it is about stands under it."""
    known = {kind.name: kind for kind in kinds.all_kinds()}.get(duty.kind)
    return ui.Row(
        duty.what,
        duty.url,
        icon=known.icon if known else "circle",
        snippet=duty.title,
        due=duty.due_on,
    )


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
