"""Limits stated in a text (numbers with units, standards, readiness levels) and whether another text keeps them.

Reads about 40 languages from `data/limits.txt`. It is meant to be right when it says "failed": a number counts as a limit
only with a limiting word beside it, two numbers are compared only within one dimension, and where a text gives several
values or the dimension is one that everything has (durations, percentages, lengths), a miss is "unknown", not "failed".
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Literal

from serai.engines.matching.numbers import with_digits
from serai.engines.matching.text import sentences
from serai.engines.matching.tokens import hard_tokens
from serai.engines.matching.types import Requirement, Span, Status

# Dimensions in which a text usually states several unrelated amounts: too risky to call a miss.
_LOOSE = frozenset({"time", "percent", "length", "mass", "area", "volume"})
_CLOSE = 1.5

# Code of each quantity and the unit its numbers are in; money carries its currency instead.
QUANTITIES = {
    "temperature": "°C", "money": "", "length": "m", "mass": "kg", "pressure": "Pa", "power": "W", "energy": "Wh",
    "voltage": "V", "frequency": "Hz", "volume": "m³", "area": "m²", "time": "s", "percent": "%", "noise": "dB",
    "concentration": "mg/l", "parts": "ppm", "force": "kN", "speed": "m/s", "flow": "l/s", "standard": "", "trl": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit in SI (money in its currency). `low` and `high` bound what is stated.

    `bound` says which word stood beside it: "most", "least", "range" or "" for a plain value.
    """

    dimension: str
    low: float
    high: float
    bound: Literal["most", "least", "range", ""]
    shown: str
    span: Span


class _Words:
    """The word lists of `data/limits.txt`, compiled once."""

    def __init__(self) -> None:
        source = resources.files("serai.engines.matching") / "data" / "limits.txt"
        section = ""
        rows: dict[str, list[tuple[str, list[str]]]] = {}
        for line in source.read_text("utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
                rows[section] = []
            elif line.strip() and not line.startswith("#"):
                head, _, tail = line.partition(": ")
                rows[section].append((head.strip(), [w.strip() for w in tail.split("|") if w.strip()]))
        self.most_before = _ending([w for _, ws in rows["at_most before"] for w in ws])
        self.least_before = _ending([w for _, ws in rows["at_least before"] for w in ws])
        self.most_after = _starting([w for _, ws in rows["at_most after"] for w in ws])
        self.least_after = _starting([w for _, ws in rows["at_least after"] for w in ws])
        self.negations = {lang: _anywhere(ws) for lang, ws in rows["not"]}
        self.units: dict[str, tuple[str, float]] = {}
        for head, spellings in rows["units"]:
            *dimension, factor = head.split()
            for word in spellings:
                self.units.setdefault(word.casefold(), (" ".join(dimension), float(factor)))
        for word in ("V", "W", "MW", "Wh", "L", "B", "В"):
            self.units.pop(word.casefold(), None)
        # Case matters where "mW" and "MW" or a volt and a letter would meet.
        self.exact = {"V": ("voltage", 1.0), "В": ("voltage", 1.0), "W": ("power", 1.0), "MW": ("power", 1e6)}
        self.exact |= {
            "Wh": ("energy", 1.0),
            "L": ("volume", 1e-3),
            "mW": ("power", 1e-3),
            "l": ("volume", 1e-3),
        }
        self.multipliers = {w.casefold(): float(head) for head, ws in rows["multipliers"] for w in ws}
        spelt = sorted({*self.exact, *(w for _, ws in rows["units"] for w in ws)}, key=len, reverse=True)
        times = sorted((w for _, ws in rows["multipliers"] for w in ws), key=len, reverse=True)
        unit, many = "|".join(map(_bounded, spelt)), "|".join(map(_bounded, times))
        to = r"\s?(?:-|–|—|~|〜|～|to|bis|à|a|до|至|到|から|ถึง|đến|hingga|do|إلى|تا|עד|ile|से)\s?"
        # What makes a number word an amount. Units of one letter are written behind digits only.
        clear = "|".join(
            map(_bounded, (w for w in spelt if len(w) > 1 or not w.isascii() or not w.isalpha()))
        )
        of = r"\s?(?:de\s|d['’])?"  # "20 de zile", "2 millions d'euros"
        self.ahead = re.compile(rf"\s?(?:{many})?{of}(?:{clear})|{to}\d", re.IGNORECASE)
        number = r"[-−]?\d+(?:[.,'’\u00a0\u202f ]\d{3})*(?:[.,]\d+)?"
        self.amount = re.compile(
            rf"(?P<prefix>US\$|[€$£¥₹₩₽₺₴₸₪฿])?\s?(?P<a>{number})\s?(?P<ma>{many})?{of}(?P<ua>{unit})?"
            rf"(?:{to}(?P<b>{number}))?\s?(?P<m>{many})?{of}(?P<u>{unit})?",
            re.IGNORECASE,
        )


def _bounded(word: str) -> str:
    """A word that may not run on in its own alphabet; scripts without blanks have no such edge."""
    edge = r"(?![^\W\d_])" if word[-1].isalpha() and not _joined(word[-1]) else ""
    return re.escape(word) + edge


def _joined(letter: str) -> bool:
    return bool(re.match(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]", letter))


def _ending(words: list[str]) -> re.Pattern[str]:
    alternatives = "|".join(
        ("" if _joined(w[0]) or not w[0].isalpha() else r"(?<![^\W\d_])") + re.escape(w)
        for w in sorted(set(words), key=len, reverse=True)
    )
    # A few words may stand between: "at most about EUR", "не более чем".
    filler = r"(?:\s+(?:of|about|approximately|ca\.?|circa|rund|environ|unos|cerca|de|чем|около|ніж|the|EUR|USD|CNY|RMB|€|\$))?"
    return re.compile(rf"(?:{alternatives}){filler}[\s:(]*$", re.IGNORECASE)


def _starting(words: list[str]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(w) for w in sorted(set(words), key=len, reverse=True))
    return re.compile(rf"[\s'’\-]*(?:[^\W\d_]{{1,4}}[\s'’])?(?:{alternatives})", re.IGNORECASE)


def _anywhere(words: list[str]) -> re.Pattern[str]:
    return re.compile(
        "|".join(("" if _joined(w[0]) else r"(?<![^\W\d_])") + _bounded(w) for w in words), re.IGNORECASE
    )


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()


def _folded(text: str) -> str:
    """Digits of every script as 0–9 and full-width forms folded, character by character, so that places stay."""
    return "".join(_fold(c) for c in text)


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    narrow = unicodedata.normalize("NFKC", char)
    return (
        narrow if len(narrow) == 1 and "\uff00" <= char <= "\uffef" else {"٫": ".", "٬": ","}.get(char, char)
    )


def _number(written: str) -> float:
    plain = re.sub(r"[\s'’\u00a0\u202f]", "", written).replace("−", "-")
    comma, point = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
        plain = plain.replace("." if decimal == "," else ",", "")
    elif plain.count(",") > 1 or (
        comma >= 0 and len(plain) - comma - 1 == 3 and not plain.lstrip("-").startswith("0,")
    ):
        plain = plain.replace(",", "")
    elif plain.count(".") > 1 or (
        point >= 0 and len(plain) - point - 1 == 3 and not plain.lstrip("-").startswith("0.")
    ):
        plain = plain.replace(".", "")
    return float(plain.replace(",", "."))


def amounts(text: str, language: str = "") -> tuple[Amount, ...]:
    """Every number with a known unit in `text`, in order; number words too where the language is known."""
    return tuple(_amounts(text, language))


def _amounts(text: str, language: str) -> Iterator[Amount]:
    words = _words()
    folded, places = with_digits(_folded(text), language, words.ahead)
    for m in words.amount.finditer(folded):
        spelt = m.group("prefix") or m.group("u") or m.group("ua")
        unit = words.exact.get(spelt or "") or words.units.get((spelt or "").casefold())
        if unit is None or (_runs_on(folded, m.start("a")) and not m.group("prefix")):
            continue
        dimension, factor = unit
        times = words.multipliers.get((m.group("m") or m.group("ma") or "").casefold(), 1.0)
        a = _number(m.group("a")) * factor * times
        b = _number(m.group("b")) * factor * times if m.group("b") else a
        bound: Literal["most", "least", "range", ""] = (
            "range" if m.group("b") else _bound(folded, m.start(), m.end())
        )
        if not bound and m.group("a") == "1" and not text[places[m.start("a")]].isdigit():
            continue  # "ein Jahr", "un an": more often an article than a number
        span = _span(text, places[m.start()], places[m.end()])
        low, high = (a if bound != "most" else -math.inf), (b if bound != "least" else math.inf)
        yield Amount(dimension, min(low, high), max(low, high), bound, span.of(text), span)


def _span(text: str, start: int, end: int) -> Span:
    """Without the blanks at both ends."""
    shown = text[start:end]
    return Span(start + len(shown) - len(shown.lstrip()), start + len(shown.rstrip()))


def _runs_on(text: str, start: int) -> bool:
    """Whether a number is the end of something longer, such as "A4" or "2,5.7"."""
    before = text[start - 1 : start] if start else ""
    return before.isascii() and (before.isalnum() or before in ".,/") and before != ""


def _bound(text: str, start: int, end: int) -> Literal["most", "least", ""]:
    words, before, after = _words(), text[max(0, start - 40) : start], text[end : end + 20]
    if words.most_after.match(after):
        return "most"
    if words.least_after.match(after):
        return "least"
    most, least = words.most_before.search(before), words.least_before.search(before)
    if most and least:  # "not more than": the longer reading wins
        return "most" if most.start() <= least.start() else "least"
    return "most" if most else "least" if least else ""


def compare(
    query_text: str, query_language: str, document_text: str, document_language: str
) -> tuple[Requirement, ...]:
    """Every limit read in the query with what the document says about it, in the order of the query."""
    offered = _read(document_text, document_language)
    found = [_against(limit, offered) for limit in _read(query_text, query_language) if limit.bound]
    found += list(_names(query_text, query_language, document_text, document_language))
    return tuple(sorted(found, key=lambda r: (r.query.start, r.quantity, r.wanted)))


@lru_cache(maxsize=4096)
def _read(text: str, language: str) -> tuple[Amount, ...]:
    return amounts(text, language)


def has_limits(text: str, language: str = "") -> bool:
    """Whether `text` states anything `compare` could check."""
    return any(a.bound for a in _read(text, language)) or any(_is_requirement(t) for t in hard_tokens(text))


def _against(limit: Amount, offered: tuple[Amount, ...]) -> Requirement:
    same = [a for a in offered if a.dimension == limit.dimension]
    wanted = {"most": "≤ ", "least": "≥ "}.get(limit.bound, "") + limit.shown
    quantity, _, currency = limit.dimension.partition(" ")
    asked = Requirement(
        quantity,
        wanted,
        "",
        "unknown",
        limit.span,
        bound=limit.bound or "range",
        unit=currency or QUANTITIES[quantity],
        low=_finite(limit.low),
        high=_finite(limit.high),
    )
    if not same:
        return asked
    keeps = [_keeps(limit, a) for a in same]
    status: Status = "unknown"
    if True in keeps:
        status, at = "met", keeps.index(True)
    else:
        at = 0
        if keeps == [False] and limit.dimension not in _LOOSE and _comparable(limit, same[0]):
            status = "failed"
    stated = same[at]
    return replace(
        asked,
        found=stated.shown,
        status=status,
        document=stated.span,
        found_low=_finite(stated.low),
        found_high=_finite(stated.high),
    )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _keeps(limit: Amount, stated: Amount) -> bool | None:
    """Whether a stated amount lies within a limit; None where it cannot be told ("up to 60" against "at most 50")."""
    if limit.bound == "most":
        if stated.low == -math.inf:
            return True if stated.high <= limit.high else None
        return stated.low <= limit.high
    if limit.bound == "least":
        if stated.high == math.inf:
            return True if stated.low >= limit.low else None
        return stated.high >= limit.low
    if stated.low <= limit.low and stated.high >= limit.high:
        return True
    return None if stated.low <= limit.high and stated.high >= limit.low else False


def _comparable(limit: Amount, stated: Amount) -> bool:
    """Amounts four orders of magnitude apart are about different things (the price of a part and of a plant)."""
    ours = [abs(x) for x in (limit.low, limit.high) if math.isfinite(x) and x]
    theirs = [abs(x) for x in (stated.low, stated.high) if math.isfinite(x) and x]
    return not ours or not theirs or abs(math.log10(max(ours) / max(theirs))) < _CLOSE


_STANDARD = re.compile(
    r"(?:ISO|IEC|EN|ASTM|GOST|IEEE|GB|DIN|UL|MIL)[A-Z]*\d|ATEX$|IECEX$|HACCP$|GMP$|IP\d\d|TRL\d|FDA$|CE$|HALAL$|GDPR$"
)


def _is_requirement(token: str) -> bool:
    return bool(_STANDARD.match(token))


def _names(asked: str, asked_language: str, offered: str, offered_language: str) -> Iterator[Requirement]:
    """Standards and readiness levels named in the query: present, present in a denial, or absent."""
    wanted = sorted(t for t in hard_tokens(asked) if _is_requirement(t))
    levels = sorted(int(t[3:]) for t in wanted if t.startswith("TRL"))
    for token in (t for t in wanted if not t.startswith("TRL")):
        where = _sentence_with(asked, token) or Span(0, len(asked))
        there = _sentence_with(offered, token)
        if there is None:
            yield Requirement("standard", token, "", "unknown", where, name=token)
            continue
        denied = _denied(there.of(offered), offered_language) and not _denied(where.of(asked), asked_language)
        found: Status = "failed" if denied else "met"
        yield Requirement("standard", token, there.of(offered), found, where, there, name=token)
    if levels:
        stated = sorted(int(t[3:]) for t in hard_tokens(offered) if t.startswith("TRL"))
        where = _sentence_with(asked, f"TRL{levels[0]}") or Span(0, len(asked))
        status: Status = "unknown" if not stated else "met" if max(stated) >= levels[0] else "failed"
        there = _sentence_with(offered, f"TRL{stated[0]}") if stated else None
        shown = f"TRL {stated[-1]}" if stated else ""
        yield Requirement(
            "trl",
            f"≥ TRL {levels[0]}",
            shown,
            status,
            where,
            there,
            bound="least",
            low=levels[0],
            found_low=stated[0] if stated else None,
            found_high=stated[-1] if stated else None,
        )


def _sentence_with(text: str, token: str) -> Span | None:
    return next((s for s in sentences(text) if token in hard_tokens(s.of(text))), None)


def _denied(sentence: str, language: str) -> bool:
    pattern = _words().negations.get(language)
    return pattern is not None and pattern.search(sentence) is not None
