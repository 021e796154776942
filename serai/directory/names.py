"""Names as people type them: cleaned of what cannot be seen, compared by what they look like.

The comparison is that of Unicode Technical Standard 39 (confusables): two names with the same skeleton look the
same on a screen. Hidden and direction-changing characters are dealt with as UTS 39 and UAX 9 advise.
"""

import re
import unicodedata
from functools import cache

import icu
from django.utils.translation import gettext as _

from serai.core.errors import Invalid

# Embeddings, overrides and isolates of UAX 9: a name that turns the text around it has no honest use.
_DIRECTION_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Width-less marks that say nothing in a name; taken out silently, as they come along with copied text.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2064\ufeff]"
)
# Joiners are letters' business in Arabic, Persian and the scripts of India; elsewhere they only hide.
_JOINERS = "\u200c\u200d"
_JOINING_SCRIPTS = (
    "ARABIC",
    "SYRIAC",
    "DEVANAGARI",
    "BENGALI",
    "GUJARATI",
    "GURMUKHI",
    "KANNADA",
    "MALAYALAM",
    "ORIYA",
    "SINHALA",
    "TAMIL",
    "TELUGU",
    "KHMER",
    "MYANMAR",
    "TIBETAN",
    "MONGOLIAN",
)
_CONFUSABLE_SCRIPTS = {"Latin", "Cyrillic", "Greek"}


def clean_name(text: str, *, limit: int = 500) -> str:
    """A name in Unicode NFC, on one line, without unseen characters.

    Raises Invalid for an empty or too long name, and for control, direction-changing, private or unassigned
    characters, which no name needs.
    """
    if _DIRECTION_CONTROLS.search(text):
        raise Invalid(_("The name holds hidden characters that change the direction of text. Type it anew."))
    plain = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    plain = " ".join(_without_idle_joiners(plain).split())
    if any(
        unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cn", "Cs"} - _kept(letter) for letter in plain
    ):
        raise Invalid(_("The name holds characters that cannot be shown. Type it anew."))
    if not any(letter.isalnum() for letter in plain):
        raise Invalid(_("Write the name."))
    if len(plain) > limit:
        raise Invalid(_("Use at most %(limit)d characters.") % {"limit": limit})
    return plain


def _kept(letter: str) -> set[str]:
    return {"Cf"} if letter in _JOINERS else set()


def _without_idle_joiners(text: str) -> str:
    return "".join(
        letter
        for place, letter in enumerate(text)
        if letter not in _JOINERS or (place > 0 and _joins(text[place - 1]))
    )


def _joins(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_JOINING_SCRIPTS)


@cache
def _checker() -> icu.SpoofChecker:
    return icu.SpoofChecker()


def skeleton(text: str) -> str:
    """What a name looks like: names with the same skeleton are confusable (UTS 39, section 4), case aside.

    The skeleton is taken twice, around lower-casing, since some letters are alike only as capitals.
    """
    first = _checker().getSkeleton(0, unicodedata.normalize("NFKC", text)).lower()
    # A capital I looks like a small l, so i, l and 1 count as one letter.
    return " ".join(_checker().getSkeleton(0, first).replace("i", "l").split())


def mixed_words(text: str) -> list[str]:
    """Words that mix Latin, Greek or Cyrillic letters: the usual way to imitate a name."""
    return [word for word in re.split(r"[\W_]+", text) if len(_scripts(word) & _CONFUSABLE_SCRIPTS) > 1]


def _scripts(word: str) -> set[str]:
    return {str(icu.Script.getScript(letter).getName()) for letter in word if letter.isalpha()}
