"""Addresses inside texts: found, named, and taken out. Plain Python.

Public texts carry no addresses of people: they would be harvested, and in an anonymous listing they name
the owner. The contact has a place of its own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["email", "phone", "link", "name", "patent"]

_AT = r"(?:@|＠|\s?[\[({]\s?(?:at|AT|а)\s?[\])}]\s?)"
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|DOT|punkt)\s?[\])}]\s?)"
_EMAIL = re.compile(rf"[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{2,63}})+")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"'()]+[^\s<>\"'().,;:!?，。；、]", re.IGNORECASE)
# An international number, or a marked one: bare digits would catch standards, years and model numbers.
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+|00)\d{1,3}[\s./-]?(?:\(\d{1,5}\)[\s./-]?)?\d(?:[\s./-]?\d){5,12}(?![\w-])"
    r"|(?:tel|phone|fax|mobile|mob|тел|факс|电话|手机|传真|电\s?话|هاتف|téléphone|teléfono)\.?\s?[:：]?\s?"
    r"(?P<marked>\(?\+?\d[\d\s()./-]{5,18}\d)",
    re.IGNORECASE,
)
_PATENT = re.compile(
    r"(?<![A-Za-z0-9])(?:EP|US|WO|CN|DE|JP|KR|FR|GB|RU|IN|ZL)\s?-?\d[\d\s./,]{5,14}\d\s?[A-Z]?\d?(?!\w)"
)


@dataclass(frozen=True)
class Found:
    """One address and where it stands: `text[start:end]`."""

    kind: Kind
    value: str
    start: int
    end: int


def find(text: str, *, links: bool = False) -> list[Found]:
    """E-mail addresses and telephone numbers in order of appearance; web links too if asked for."""
    found = [Found("email", m.group().strip(), m.start(), m.end()) for m in _EMAIL.finditer(text)]
    found += [_phone(m) for m in _PHONE.finditer(text)]
    if links:
        found += [Found("link", m.group(), m.start(), m.end()) for m in _LINK.finditer(text)]
    return sorted(_apart(found), key=lambda f: f.start)


def _phone(match: re.Match[str]) -> Found:
    group = "marked" if match.group("marked") else 0
    return Found("phone", match.group(group).strip(), match.start(group), match.end(group))


def _apart(found: Iterable[Found]) -> list[Found]:
    """Without those that lie inside another (the host of an e-mail address is no link of its own)."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def find_names(text: str, names: Iterable[str]) -> list[Found]:
    """Where one of `names` (three characters or more; two in scripts without blanks) stands in `text`."""
    found = []
    for name in {" ".join(n.split()) for n in names}:
        if len(name) < (2 if any(ord(c) > 0x2E7F for c in name) else 3):
            continue
        latin = name[0].isascii() and name[-1].isascii()
        pattern = re.escape(name).replace(r"\ ", r"\s+")
        edge = rf"(?<!\w){pattern}(?!\w)" if latin else pattern
        found += [
            Found("name", m.group(), m.start(), m.end()) for m in re.finditer(edge, text, re.IGNORECASE)
        ]
    return sorted(_apart(found), key=lambda f: f.start)


def find_patents(text: str) -> list[Found]:
    return [Found("patent", m.group().strip(), m.start(), m.end()) for m in _PATENT.finditer(text)]


def take_out(text: str, *, mark: str = "[…]") -> tuple[str, list[Found]]:
    """The text with every e-mail address and telephone number replaced by `mark`, and what they were.

    For texts of other systems that come by import: the addresses belong into the listing's contact.
    """
    found = find(text)
    for one in reversed(found):
        text = text[: one.start] + mark + text[one.end :]
    return text, found
