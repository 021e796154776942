"""Language tags (BCP 47) of names and texts."""

import re

import pycountry
from django.utils.translation import gettext as _

from serai.core.errors import Invalid

_SHAPE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")


def clean_language(tag: str) -> str:
    """A BCP 47 tag in its usual spelling (`zh-hans` -> `zh-Hans`); empty when the language is not known.

    The primary subtag must be a language of ISO 639. Raises Invalid otherwise.
    """
    text = tag.strip().replace("_", "-")
    if not text:
        return ""
    primary = text.split("-")[0].lower()
    known = pycountry.languages.get(alpha_2=primary) or pycountry.languages.get(alpha_3=primary)
    if not _SHAPE.fullmatch(text) or known is None or len(text) > 35:
        message = _("Choose a language, or write its code, as in pl or zh-Hans.")
        raise Invalid(message, fields={"language": message})
    return "-".join([primary, *(_spelt(part) for part in text.split("-")[1:])])


def _spelt(subtag: str) -> str:
    """Scripts as in Latn, regions as in PL, the rest in small letters."""
    if len(subtag) == 4 and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == 2 and subtag.isalpha() else subtag.lower()
