"""Cleaning text that comes from outside, the same for every importer."""

import html
import re
import unicodedata

_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C]
_INVISIBLE = [0x200B, 0x2060, 0xFEFF, 0x00AD, *range(0xE0000, 0xE0080)]
_CONTROL = [*range(0, 9), 11, 12, *range(14, 32), *range(127, 160)]
_SURROGATES = range(0xD800, 0xE000)
_DROPPED: dict[int, str | None] = dict.fromkeys([*_BIDI, *_INVISIBLE, *_CONTROL, *_SURROGATES])
_DROPPED[0x3000] = " "
_MANY_BREAKS = re.compile(r"\n{3,}")
_TAG = re.compile(r"<[^<>]{1,300}>")
_MOJIBAKE = re.compile(
    "[\u00c3\u00c2][\u0080-\u00bf]|\u00e2\u20ac[\u0098-\u00ff\u2018-\u203a\u2122\u0153]|\ufffd"
)


def clean(text: object) -> str:
    """One line or paragraph as people mean it: NFC, no control, bidi or invisible characters, single spaces."""
    raw = str(text if text is not None else "")
    if _is_plain(raw):
        return " ".join(raw.split())
    raw = unicodedata.normalize("NFC", raw).translate(_DROPPED).replace("\r\n", "\n").replace("\r", "\n")
    lines = "\n".join([" ".join(line.split()) for line in raw.split("\n")])
    return _MANY_BREAKS.sub("\n\n", lines).strip()


def _is_plain(text: str) -> bool:
    """Whether there is nothing to take out of it: one line of printable characters, composed as they should be."""
    return text.isprintable() and (text.isascii() or unicodedata.is_normalized("NFC", text))


def clean_line(text: object) -> str:
    return " ".join(clean(text).split())


def plain(text: object) -> str:
    """Text out of HTML: entities decoded once (twice only where the source escaped them twice), tags dropped."""
    decoded = html.unescape(str(text if text is not None else ""))
    if "&nbsp;" in decoded or "&amp;" in decoded:
        decoded = html.unescape(decoded)
    return clean(_TAG.sub(" ", decoded))


def half_width(text: object) -> str:
    """Full-width digits, letters and brackets as their usual forms (NFKC); for codes and numbers."""
    return unicodedata.normalize("NFKC", clean_line(text))


def looks_broken(text: str) -> bool:
    """Whether the text bears the marks of being decoded twice or with the wrong encoding."""
    return bool(_MOJIBAKE.search(text))
