"""The page Today: what is expected of a person, by when, and what changed for them.

Duties come from the apps (`core.duties`), news from those that register a source here: `core` knows neither
what a duty is about nor how a notice is stored.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from serai.core import kinds, policy, ui
from serai.core.duties import Duty, duties_of
from serai.core.viewer import Viewer, viewer_of

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class News:
    """One thing that happened, as a sentence; `is_new` until the person has read it."""

    at: datetime
    text: str
    url: str
    is_new: bool


Source = Callable[[Viewer], Iterable[News]]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register the decorated function; it returns at most 30 pieces of news with a constant number of queries."""
    _sources.append(function)
    return function


def news_of(viewer: Viewer) -> list[News]:
    found = [news for give in _sources for news in give(viewer)]
    return sorted(found, key=lambda news: news.at, reverse=True)[:30]


@require_GET
@policy.route("core.signed_in")
def today(request: HttpRequest) -> HttpResponse:
    request.serai_place = "today"  # type: ignore[attr-defined]
    viewer, day = viewer_of(request), timezone.localdate()
    duties = duties_of(viewer)
    context = {
        "groups": _groups(duties, day),
        "count": len(duties),
        "news": [
            ui.Entry(
                timezone.localtime(news.at),
                news.text,
                tone="active" if news.is_new else "quiet",
                url=news.url,
            )
            for news in news_of(viewer)
        ],
        "find": ui.Action(_("Find a partner"), "/find/", "search"),
        "day": day,
    }
    return render(request, "core/today.html", context)


def _groups(duties: list[Duty], day: date) -> list[tuple[Any, str, list[ui.Row]]]:
    """(heading, tone, rows): late, this week, later, without a date; empty groups are left out."""
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
    return [(title, tone, [_row(duty) for duty in found]) for title, tone, found in groups if found]


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
