"""Identifiers: how each scheme is written, and whether its check digits are right.

`normalise` takes what people paste (addresses, spaces, hyphens, small letters) and gives the one form that is
stored and compared. It says in plain words what is wrong with anything else.
"""

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from stdnum import get_cc_module, isni, lei
from stdnum.cn import uscc
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import (
    InvalidChecksum,
    InvalidComponent,
    InvalidFormat,
    InvalidLength,
    ValidationError,
)

from serai.core.errors import Invalid
from serai.directory.models import Identifier

Scheme = Identifier.Scheme

UNIQUE = (Scheme.ROR, Scheme.LEI, Scheme.USCC)
"""Schemes that name exactly one organisation (`one_organisation_per_identifier`)."""

_ROR_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ROR = re.compile(rf"0[{_ROR_ALPHABET}]{{6}}[0-9]{{2}}")
_WIKIDATA = re.compile(r"Q[1-9][0-9]{0,9}")
_GRID = re.compile(r"grid\.[0-9]{1,6}\.[0-9a-f]{1,2}")
_FUNDREF = re.compile(r"[0-9]{9,15}")
_PIC = re.compile(r"[0-9]{9}")
_ADDRESS = re.compile(r"^(https?://)?([a-z]+\.)?(ror|wikidata|grid|isni|orcid|doi)\.(org|ac)/", re.IGNORECASE)


def normalise(scheme: str, value: str) -> str:
    """The stored form of `value` under `scheme`, which is one of `Identifier.Scheme` or `"orcid"` (people).

    Raises Invalid with a message for the person who typed it, and ValueError for an unknown scheme.
    """
    rule = _RULES.get(scheme)
    if rule is None:
        raise ValueError(f"There is no identifier scheme {scheme!r}.")
    text = " ".join(value.split())
    if not text:
        raise Invalid(_("Write the number."), fields={"value": _("Write the number.")})
    return rule(text)


def candidates(text: str) -> list[tuple[str, str]]:
    """Every (scheme, value) that `text` could be, for a search field: none for ordinary words."""
    if len(text) > 100 or not any(letter.isdigit() for letter in text):
        return []
    found = []
    for scheme in (
        Scheme.ROR,
        Scheme.LEI,
        Scheme.WIKIDATA,
        Scheme.ISNI,
        Scheme.GRID,
        Scheme.USCC,
        Scheme.PIC,
    ):
        try:
            found.append((str(scheme), normalise(scheme, text)))
        except Invalid:
            continue
    return found


def url_of(scheme: str, value: str) -> str:
    """Where the identifier leads, for schemes that have public pages; else an empty string."""
    pattern = _PAGES.get(str(scheme))
    return pattern.format(value=value) if pattern else ""


def shown(scheme: str, value: str) -> str:
    """The identifier as its register prints it: an ISNI in groups of four, the rest as stored."""
    return " ".join(value[i : i + 4] for i in range(0, 16, 4)) if scheme == Scheme.ISNI else value


# --- one rule a scheme ------------------------------------------------------------------------------------
def _refuse(message: str) -> Invalid:
    return Invalid(message, fields={"value": message})


def _after_address(text: str) -> str:
    """What follows the host (and a path such as `/wiki/`) in a pasted address."""
    bare = _ADDRESS.sub("", text).rstrip("/")
    return bare.rsplit("/", 1)[-1] if _ADDRESS.match(text) and "10.13039" not in text else bare


def _ror(text: str) -> str:
    value = _after_address(text).lower()
    if not _ROR.fullmatch(value):
        raise _refuse(_("A ROR id has nine characters and begins with 0, as in 05a28rw58."))
    # Checksum of ROR: ISO 7064 mod 97-10 over the Crockford base-32 number (ROR support, "ROR ID format").
    number = 0
    for letter in value[:7]:
        number = number * 32 + _ROR_ALPHABET.index(letter)
    if 98 - (number * 100) % 97 != int(value[7:]):
        raise _refuse(_wrong_digits())
    return value


def _wrong_digits() -> str:
    return _("The check digits do not fit: a character is missing, wrong or swapped.")


def _by_library(module: Any, shape: str, length: int) -> Callable[[str], str]:
    """A rule made of a module of python-stdnum, for numbers of `length` characters; `shape` names the words for it."""

    def rule(text: str) -> str:
        value = _after_address(text)
        try:
            if len(str(module.compact(value))) != length:
                raise InvalidLength
            return str(module.validate(value))
        except InvalidChecksum:
            raise _refuse(_wrong_digits()) from None
        except (InvalidFormat, InvalidLength, InvalidComponent):
            raise _refuse(shapes()[shape]) from None

    return rule


def shapes() -> dict[str, str]:
    """How a number of each scheme looks, in the language of the page; also the help beside the field."""
    return {
        Scheme.ROR: _("Nine characters beginning with 0, or the address at ror.org."),
        Scheme.LEI: _("An LEI has 20 letters and digits; the last two are check digits."),
        Scheme.WIKIDATA: _("A Wikidata number is Q and digits, as in Q42944."),
        Scheme.ISNI: _("An ISNI has 16 digits; the last may be X."),
        Scheme.GRID: _("A GRID id looks like grid.5991.4."),
        Scheme.FUNDREF: _("A Crossref Funder id has 9 to 15 digits, with or without 10.13039/ before it."),
        Scheme.USCC: _("A unified social credit code has 18 letters and digits, without I, O, S, V and Z."),
        Scheme.VAT: _("A VAT number begins with the two letters of its country, as in PL5260001246."),
        Scheme.PIC: _("A participant code has nine digits."),
        Scheme.REGISTER: _(
            "The number as the register writes it, with the register before it if it is not clear."
        ),
        "orcid": _("An ORCID iD has 16 digits in groups of four; the last may be X."),
    }


def _orcid(text: str) -> str:
    """An ORCID iD is an ISNI from a block of its own (ISO 7064 mod 11-2), printed in groups of four."""
    try:
        value = str(isni.validate(_after_address(text)))
    except InvalidChecksum:
        raise _refuse(_wrong_digits()) from None
    except (InvalidFormat, InvalidLength):
        raise _refuse(shapes()["orcid"]) from None
    return "-".join(value[i : i + 4] for i in range(0, 16, 4))


def _wikidata(text: str) -> str:
    value = _after_address(text).upper()
    if not _WIKIDATA.fullmatch(value):
        raise _refuse(shapes()[Scheme.WIKIDATA])
    return value


def _grid(text: str) -> str:
    value = _after_address(text).lower()
    if not _GRID.fullmatch(value):
        raise _refuse(shapes()[Scheme.GRID])
    return value


def _fundref(text: str) -> str:
    value = _ADDRESS.sub("", text).removeprefix("10.13039/")
    if not _FUNDREF.fullmatch(value):
        raise _refuse(shapes()[Scheme.FUNDREF])
    return value


def _pic(text: str) -> str:
    value = text.replace(" ", "")
    if not _PIC.fullmatch(value):
        raise _refuse(shapes()[Scheme.PIC])
    return value


def _vat(text: str) -> str:
    """A VAT number with its country before it, checked by the rules of that country where we have them."""
    value = re.sub(r"[\s.\-]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9+*]{2,15}", value):
        raise _refuse(shapes()[Scheme.VAT])
    country = value[:2]
    module = eu_vat if country.lower() in eu_vat.MEMBER_STATES else get_cc_module(country, "vat")
    if module is None:
        return value
    try:
        number = str(module.validate(value))
    except InvalidChecksum:
        raise _refuse(_wrong_digits()) from None
    except ValidationError:
        raise _refuse(_("This is not how VAT numbers of this country look.")) from None
    return number if number.startswith(country) else country + number


def _register(text: str) -> str:
    if len(text) > 100 or any(not letter.isprintable() for letter in text):
        raise _refuse(_("Use at most 100 visible characters."))
    return text


_RULES: dict[str, Callable[[str], str]] = {
    Scheme.ROR: _ror,
    Scheme.LEI: _by_library(lei, Scheme.LEI, 20),
    Scheme.WIKIDATA: _wikidata,
    Scheme.ISNI: _by_library(isni, Scheme.ISNI, 16),
    Scheme.GRID: _grid,
    Scheme.FUNDREF: _fundref,
    Scheme.USCC: _by_library(uscc, Scheme.USCC, 18),
    Scheme.VAT: _vat,
    Scheme.PIC: _pic,
    Scheme.REGISTER: _register,
    "orcid": _orcid,
}
_PAGES: dict[str, str] = {
    Scheme.ROR: "https://ror.org/{value}",
    Scheme.LEI: "https://search.gleif.org/#/record/{value}",
    Scheme.WIKIDATA: "https://www.wikidata.org/wiki/{value}",
    Scheme.ISNI: "https://isni.org/isni/{value}",
    Scheme.FUNDREF: "https://doi.org/10.13039/{value}",
}
