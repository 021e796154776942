"""Closed lists people choose from: sectors, goals, languages."""

from functools import cache
from typing import Any

from babel import Locale
from django.utils.translation import get_language
from django.utils.translation import pgettext_lazy as _

from serai.directory.places import sort_order

# Sections of the International Standard Industrial Classification, revision 4 (United Nations, 2008), in
# short words of our own.
SECTORS: dict[str, Any] = {
    "A": _("sector", "Agriculture, forestry and fishing"),
    "B": _("sector", "Mining"),
    "C": _("sector", "Manufacturing"),
    "D": _("sector", "Energy supply"),
    "E": _("sector", "Water and waste"),
    "F": _("sector", "Construction"),
    "G": _("sector", "Trade"),
    "H": _("sector", "Transport and storage"),
    "I": _("sector", "Accommodation and food"),
    "J": _("sector", "Information and communication"),
    "K": _("sector", "Finance and insurance"),
    "L": _("sector", "Real estate"),
    "M": _("sector", "Science and professional services"),
    "N": _("sector", "Support services"),
    "O": _("sector", "Public administration"),
    "P": _("sector", "Education"),
    "Q": _("sector", "Health and social work"),
    "R": _("sector", "Arts and recreation"),
}

# The Sustainable Development Goals (United Nations, 2015), in short.
GOALS: dict[int, Any] = {
    1: _("goal", "No poverty"),
    2: _("goal", "Zero hunger"),
    3: _("goal", "Good health and well-being"),
    4: _("goal", "Quality education"),
    5: _("goal", "Gender equality"),
    6: _("goal", "Clean water and sanitation"),
    7: _("goal", "Affordable and clean energy"),
    8: _("goal", "Decent work and economic growth"),
    9: _("goal", "Industry, innovation and infrastructure"),
    10: _("goal", "Reduced inequalities"),
    11: _("goal", "Sustainable cities and communities"),
    12: _("goal", "Responsible consumption and production"),
    13: _("goal", "Climate action"),
    14: _("goal", "Life below water"),
    15: _("goal", "Life on land"),
    16: _("goal", "Peace, justice and strong institutions"),
    17: _("goal", "Partnerships for the goals"),
}

LANGUAGES = (
    "ar", "bn", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "hy",
    "id", "it", "ja", "ka", "kk", "km", "ko", "ky", "lo", "lt", "lv", "mn", "ms", "my", "ne", "nl", "no", "pl",
    "pt", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "tg", "th", "tk", "tr", "uk", "ur", "uz",
    "vi", "zh",
)  # fmt: skip
"""Languages a text can be written in here: those the encoders know and members ask for."""


def sector_name(code: str) -> str:
    """A sector by name; codes below a section (NACE "C20.1") are shown with their section."""
    label = SECTORS.get(code[:1].upper())
    if label is None:
        return code
    return str(label) if len(code) == 1 else f"{label} ({code})"


def language_choices() -> list[tuple[str, str]]:
    """(tag, name in the language of the page), sorted as that language sorts."""
    return _language_choices(get_language() or "en")


@cache
def _language_choices(page: str) -> list[tuple[str, str]]:
    names = Locale.parse(page, sep="-").languages
    order = sort_order(page)
    found = [(tag, str(names.get(tag, tag))) for tag in LANGUAGES]
    return sorted(found, key=lambda pair: order.getSortKey(pair[1]))
