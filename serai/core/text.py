"""Multilingual text: every text has a language and an origin, and each tier has tables of its own."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, get_language_bidi, pgettext, pgettext_lazy

from serai.core.models.base import Record


class Origin(models.TextChoices):
    WRITTEN = "written", pgettext_lazy("origin of a text", "Written")
    TRANSLATED = "translated", pgettext_lazy("origin of a text", "Translated by a person")
    MACHINE = "machine", pgettext_lazy("origin of a text", "Translated by a machine")


class ReviewState(models.TextChoices):
    UNREVIEWED = "unreviewed", pgettext_lazy("review of a text", "Not reviewed")
    REVIEWED = "reviewed", pgettext_lazy("review of a text", "Reviewed")


class MultilingualText(Record):
    """One language version of a record's text in one tier. Concrete models add the owner and the fields.

    `language` is a BCP 47 tag. A machine translation never counts as reviewed until a person says so.
    """

    language = models.CharField(max_length=35)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.WRITTEN)
    review = models.CharField(max_length=12, choices=ReviewState.choices, default=ReviewState.UNREVIEWED)
    source_language = models.CharField(max_length=35, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Record.Meta):
        abstract = True


T = TypeVar("T", bound=MultilingualText)
_ORIGIN_RANK = {Origin.WRITTEN: 0, Origin.TRANSLATED: 1, Origin.MACHINE: 2}


def best_text(texts: Iterable[T], languages: Sequence[str] = ()) -> T | None:
    """The version to show first: the reader's languages in order, then the original, then English.

    `languages` defaults to the language of the page. A machine translation in the reader's language is
    preferred to an original they may not read; the page marks it as such.
    """
    wanted = [tag.split("-")[0].lower() for tag in (languages or [get_language() or "en"])]

    def rank(text: T) -> tuple[int, int, str]:
        primary = text.language.split("-")[0].lower()
        place = wanted.index(primary) if primary in wanted else len(wanted)
        fallback = 0 if text.origin == Origin.WRITTEN else 1 if primary == "en" else 2
        return (place, fallback + _ORIGIN_RANK[Origin(text.origin)], text.language)

    return min(texts, key=rank, default=None)


def isolated(text: object) -> str:
    """A text put into a line of the page's language: from right to left it is isolated (UAX 9)."""
    return f"\u2068{text}\u2069" if get_language_bidi() else str(text)


def as_line(text: str) -> str:
    """A line of the page's language that may begin with a name: from right to left it says so with a mark (UAX 9).

    Where a browser is to guess (`bdi`) it would take the direction of the name and turn the order of the words.
    """
    return f"\u200f{text}" if get_language_bidi() else text


def listed(items: Iterable[object]) -> str:
    """The items in one line as the language of the page lists them; empty ones are left out."""
    said = [isolated(item) for item in items if str(item)]
    return (
        as_line(pgettext("between the items of a list", ", ").join(said)) if len(said) > 1 else "".join(said)
    )
