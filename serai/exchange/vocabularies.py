"""Closed lists people choose from: sectors, goals, languages."""

from functools import cache
from typing import Any

from babel import Locale
from django.utils.translation import get_language, pgettext_lazy

from serai.directory.places import sort_order

# Sections of the International Standard Industrial Classification, revision 4 (United Nations, 2008), in
# short words of our own.
SECTORS: dict[str, Any] = {
    "A": pgettext_lazy("sector", "Agriculture, forestry and fishing"),
    "B": pgettext_lazy("sector", "Mining"),
    "C": pgettext_lazy("sector", "Manufacturing"),
    "D": pgettext_lazy("sector", "Energy supply"),
    "E": pgettext_lazy("sector", "Water and waste"),
    "F": pgettext_lazy("sector", "Construction"),
    "G": pgettext_lazy("sector", "Trade"),
    "H": pgettext_lazy("sector", "Transport and storage"),
    "I": pgettext_lazy("sector", "Accommodation and food"),
    "J": pgettext_lazy("sector", "Information and communication"),
    "K": pgettext_lazy("sector", "Finance and insurance"),
    "L": pgettext_lazy("sector", "Real estate"),
    "M": pgettext_lazy("sector", "Science and professional services"),
    "N": pgettext_lazy("sector", "Support services"),
    "O": pgettext_lazy("sector", "Public administration"),
    "P": pgettext_lazy("sector", "Education"),
    "Q": pgettext_lazy("sector", "Health and social work"),
    "R": pgettext_lazy("sector", "Arts and recreation"),
}

# The Sustainable Development Goals (United Nations, 2015), in short.
GOALS: dict[int, Any] = {
    1: pgettext_lazy("goal", "No poverty"),
    2: pgettext_lazy("goal", "Zero hunger"),
    3: pgettext_lazy("goal", "Good health and well-being"),
    4: pgettext_lazy("goal", "Quality education"),
    5: pgettext_lazy("goal", "Gender equality"),
    6: pgettext_lazy("goal", "Clean water and sanitation"),
    7: pgettext_lazy("goal", "Affordable and clean energy"),
    8: pgettext_lazy("goal", "Decent work and economic growth"),
    9: pgettext_lazy("goal", "Industry, innovation and infrastructure"),
    10: pgettext_lazy("goal", "Reduced inequalities"),
    11: pgettext_lazy("goal", "Sustainable cities and communities"),
    12: pgettext_lazy("goal", "Responsible consumption and production"),
    13: pgettext_lazy("goal", "Climate action"),
    14: pgettext_lazy("goal", "Life below water"),
    15: pgettext_lazy("goal", "Life on land"),
    16: pgettext_lazy("goal", "Peace, justice and strong institutions"),
    17: pgettext_lazy("goal", "Partnerships for the goals"),
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
