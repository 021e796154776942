"""Language tags (BCP 47) of names and texts: what is one, and how it is spelt."""

import re
from functools import lru_cache
from typing import Any

import pycountry
from babel import Locale
from django.utils.translation import gettext as _

from serai.core.errors import Invalid

LONGEST = 35
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SCRIPT = re.compile(r"[A-Z][a-z]{3}")
_CLDR = Locale("en")


def clean_language(tag: str) -> str:
    """A BCP 47 tag in its usual spelling (`zh-hans` -> `zh-Hans`, `eng` -> `en`); empty when none is said.

    The language is one of ISO 639; script, region and variants, in this order, are those of CLDR. Raises Invalid.
    """
    text = tag.strip()
    if not text:
        return ""
    spelt = _canonical(text.replace("_", "-"))
    if spelt is None:
        message = _("Choose a language, or write its code, as in pl or zh-Hans.")
        raise Invalid(message, fields={"language": message})
    return spelt


def is_language(tag: str) -> bool:
    return _canonical(tag.strip().replace("_", "-")) is not None


@lru_cache(maxsize=2048)
def _canonical(tag: str) -> str | None:
    """The tag as it is usually spelt; None for what is no tag."""
    if len(tag) > LONGEST or not tag.isascii():
        return None
    first, *rest = tag.split("-")
    language = _known_language(first.lower())
    if language is None:
        return None
    parts = [language]
    for kind in (_extended, _script, _region):
        if rest and (found := kind(rest[0])):
            parts.append(found)
            rest = rest[1:]
    variants = [part.lower() for part in rest]
    if len(set(variants)) < len(variants) or any(part.upper() not in _CLDR.variants for part in variants):
        return None
    return "-".join([*parts, *variants])


def _known_language(subtag: str) -> str | None:
    """The shortest code of the language, as BCP 47 asks for; `und`, `mul` and `zxx` are known too."""
    if not _LANGUAGE.fullmatch(subtag):
        return None
    languages: Any = pycountry.languages
    known = languages.get(alpha_2=subtag) or languages.get(alpha_3=subtag)
    if known is None:
        known = languages.get(bibliographic=subtag) or pycountry.language_families.get(alpha_3=subtag)
    return None if known is None else str(getattr(known, "alpha_2", None) or known.alpha_3)


def _extended(subtag: str) -> str:
    """`yue` in `zh-yue`."""
    code = subtag.lower()
    is_one = len(code) == 3 and code.isalpha() and pycountry.languages.get(alpha_3=code) is not None
    return code if is_one else ""


def _script(subtag: str) -> str:
    code = subtag.title()
    return code if _SCRIPT.fullmatch(code) and pycountry.scripts.get(alpha_4=code) is not None else ""


def _region(subtag: str) -> str:
    """A country, or a region by its number: `419` is Latin America. Kosovo's code is in use, though not of ISO 3166."""
    code = subtag.upper()
    if code.isdecimal():
        return code if code in _CLDR.territories else ""
    return code if code == "XK" or pycountry.countries.get(alpha_2=code) is not None else ""
