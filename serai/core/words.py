"""Dates, numbers, languages and waiting times in the reader's words. No markup here."""

from datetime import date, datetime, timedelta
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_interval, format_skeleton, get_timezone_location
from babel.numbers import format_decimal, format_percent
from django.utils import timezone
from django.utils.translation import get_language, get_language_info, ngettext, pgettext

RTL_LANGUAGES = {"ar", "he", "fa", "ur", "ps", "sd", "ug", "dv", "yi", "ckb"}
SOON = timedelta(days=7)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse("en-GB" if language == "en" else language, sep="-")


def reader() -> Locale:
    """The CLDR locale of the page; English pages are British."""
    return _locale(get_language() or "en")


def text_direction(language: str) -> str:
    """`rtl` or `ltr` for a BCP 47 tag, `auto` when the language is not known."""
    if not language:
        return "auto"
    subtags = language.lower().split("-")
    return "rtl" if subtags[0] in RTL_LANGUAGES or "arab" in subtags[1:] else "ltr"


def language_name(tag: str) -> str:
    """A language by name in the language of the page: `zh-Hans` -> "Chinese". Unknown tags stay."""
    return _language_name(tag, get_language() or "en")


@cache
def _language_name(tag: str, page: str) -> str:
    try:
        return _locale(page).languages.get(tag.split("-")[0].lower()) or tag
    except (UnknownLocaleError, ValueError):
        return tag


def zone_name(name: str) -> str:
    """A time zone by its city in the language of the page: `Asia/Shanghai` -> "Shanghai", "上海". Others stay."""
    try:
        city = str(get_timezone_location(name, locale=reader(), return_city=True))
    except LookupError:
        return name
    return city.rpartition("/")[2]


def language_name_local(tag: str) -> str:
    """A language by the name it gives itself: `zh-hans` -> "简体中文"."""
    return str(get_language_info(tag)["name_local"])


def number(value: object) -> object:
    """Numbers as the reader's language writes them; everything else as it is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format_decimal(value, locale=reader())
    return value


def written(value: object) -> object:
    """A day or a number as the reader's language writes it; everything else as it is."""
    return on_day(value) if isinstance(value, date) else number(value)


def colon(label: str) -> str:
    """A label before its value as the reader's language sets the two apart: "Match: ", in French "Match : "."""
    return pgettext("label before a value", "%(label)s: ") % {"label": label}


def percent(share: float) -> str:
    """A share of one as the reader's language writes it: `0.985` -> "98.5%", in German "98,5 %"."""
    return str(format_percent(round(share, 3), locale=reader(), decimal_quantization=False))


def capped(count: int, cap: int = 200) -> str:
    """`37` -> "37", `201` -> "200+": a count over what the viewer may see is never exact beyond the cap."""
    return f"{count}" if count <= cap else f"{cap}+"


def at_time(value: datetime) -> str:
    """The time of day in the zone of the page, like a timetable: "17:45"."""
    return f"{timezone.localtime(value) if timezone.is_aware(value) else value:%H:%M}"


def as_day(value: date | datetime | None) -> date | None:
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


def on_day(value: date | datetime | None) -> str:
    """A date as the reader's language writes it: "25 Nov 2026", "2026年11月25日"."""
    day = as_day(value)
    return format_skeleton("yMMMd", day, locale=reader()) if day else ""


def on_weekday(value: date | datetime | None) -> str:
    """The same with the day of the week: "Wed, 25 Nov 2026"."""
    day = as_day(value)
    return format_skeleton("yMMMEd", day, locale=reader()) if day else ""


def on_day_at(value: datetime) -> str:
    """Day and time as the reader's language joins them: "25 Nov 2026, 17:45", "2026年11月25日 17:45"."""
    return str(reader().datetime_formats["medium"]).format(at_time(value), on_day(value))


def between(first: date, last: date) -> str:
    """One day or a span of days: "7–8 Dec 2026", "2026年12月7日至8日"."""
    return on_day(first) if first == last else str(format_interval(first, last, "yMMMd", locale=reader()))


def ago(value: date | datetime | None) -> str:
    """How fresh: "today", "yesterday", "5 days ago", beyond four weeks (or ahead) the date."""
    day = as_day(value)
    if day is None:
        return ""
    days = (timezone.localdate() - day).days
    if days == 0:
        return pgettext("when", "today")
    if days == 1:
        return pgettext("when", "yesterday")
    if 1 < days <= 28:
        return ngettext("%(days)d day ago", "%(days)d days ago", days) % {"days": days}
    return on_day(day)


def days_left(left: int) -> str:
    """Of a due date: "3 days left", "tomorrow", "today", "2 days late"."""
    if left < 0:
        return ngettext("%(days)d day late", "%(days)d days late", -left) % {"days": -left}
    if left == 0:
        return pgettext("due date", "today")
    if left == 1:
        return pgettext("due date", "tomorrow")
    return ngettext("%(days)d day left", "%(days)d days left", left) % {"days": left}


def due_state(day: date, *, done: bool = False) -> tuple[str, str]:
    """How long is left, in words, and its tone: saffron within a week, madder when it is past."""
    left = (day - timezone.localdate()).days
    if done:
        return "", "quiet"
    tone = "quiet" if left > SOON.days else "waiting" if left >= 0 else "stopped"
    return days_left(left), tone


def starts_in(minutes: int) -> str:
    """ "now", "in 25 minutes", "in 3 hours", beyond a day nothing (the date is shown)."""
    if minutes <= 0:
        return pgettext("when", "now")
    if minutes < 90:
        return ngettext("in %(n)d minute", "in %(n)d minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("in %(n)d hour", "in %(n)d hours", hours) % {"n": hours} if hours < 24 else ""
