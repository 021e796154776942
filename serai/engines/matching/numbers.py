"""Numbers written as words ("sechs Stunden", "двадцать пять", "หกสิบบาท") read as digits.

ICU spells out the numbers of some 40 of our languages in all their cases and genders; what it spells is what is read,
because its own parser forgives too much. `data/numbers.txt` adds other spellings and the languages ICU does not know.
Chinese and Japanese numerals are read by rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

import icu

_JOINTS = re.compile("[\u00ad\u200b'’ʼ´`]")
_BLANKS = re.compile(r"[-‐‑–\s]+")
_ONE_SPELLING = str.maketrans({"ş": "ș", "ţ": "ț", "ё": "е", "أ": "ا", "إ": "ا", "ي": "ی", "ك": "ک"})
# Thai, Khmer, Lao and Burmese write no blanks between words; Korean may leave out the one before the unit.
_UNSPACED = frozenset({"th", "km", "lo", "my", "ko"})
# Spelt so, these are everyday words besides: "이 시간" is "this time" far oftener than "two hours".
_EVERYDAY = {"ko": frozenset("일이삼사오육칠팔구십백천한")}
_SPELT = (*range(1, 1000), *range(1000, 10_000, 100), *range(10_000, 101_000, 1000))
_WORD = re.compile(r"[^\s\d!-&(-/:-@\[-_{-~«»“”„‹›،؛؟。、，…–—‐‑•।۔|]+")
_GAP = re.compile(r"[-‐‑\s]?")

# What a number word may not follow: digits, and the words for a decimal point ("one point eight megawatts" is not eight).
_PART_OF_ANOTHER = re.compile(
    r"(?:\d|point|Komma|virgule|coma|vírgula|virgola|komma|przecinek|запятая|целых|целая|кома|цілих|virgul[aă]|virgül|"
    r"فاصلة|ممیز|נקודה|दशमलव|จุด|phẩy|koma|점)[\s-]?$",
    re.IGNORECASE,
)
_BEHIND = 12

_BY_RULE = frozenset({"zh", "ja"})
_HAN = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_HAN_TIMES = {"十": 10, "百": 100, "千": 1000}
# "第三年" is the third year, "数十年" some decades, "百分之" a percentage.
_HAN_RUN = re.compile(
    r"(?<![第数數几幾〇零一二三四五六七八九两兩十百千])[〇零一二三四五六七八九两兩十百千]+"
    r"(?:[点點][〇零一二三四五六七八九]+)?(?!分之)"
)


def _plain(written: str) -> str:
    """The spelling numbers are compared in: lower case, no joints, one form of what is written in two ways."""
    folded = unicodedata.normalize("NFC", written).casefold().translate(_ONE_SPELLING)
    return _BLANKS.sub(" ", _JOINTS.sub("", folded)).replace("مائة", "مئة").strip()


@lru_cache(maxsize=1)
def _listed() -> dict[str, dict[str, int]]:
    """Language to number words, from `data/numbers.txt`."""
    source = resources.files("serai.engines.matching") / "data" / "numbers.txt"
    found: dict[str, dict[str, int]] = {}
    for line in source.read_text("utf-8").splitlines():
        language, _, entries = line.partition(": ")
        for entry in entries.split(",") if not line.startswith("#") else ():
            number, spellings = entry.split(maxsplit=1)
            own = found.setdefault(language, {})
            own.update({_plain(word): int(number) for word in spellings.split("|")})
    return found


@lru_cache(maxsize=64)
def _spellings(language: str) -> dict[str, int]:
    """Every number word of a language and what it says; empty where nothing is known."""
    found: dict[str, int] = {}
    if language in icu.Locale.getAvailableLocales():
        spelling = icu.RuleBasedNumberFormat(icu.URBNFRuleSetTag.SPELLOUT, icu.Locale(language))
        rules = map(spelling.getRuleSetName, range(spelling.getNumberOfRuleSetNames()))
        # A language without rules of its own would be spelt in English.
        known = spelling.getLocale().getLanguage() == language
        for name in [r for r in rules if known and "cardinal" in r]:
            spelling.setDefaultRuleSet(name)
            found.update({_plain(spelling.format(n)): n for n in _SPELT})
    found.update(_listed().get(language, {}))
    return {word: n for word, n in found.items() if word not in _EVERYDAY.get(language, ())}


@lru_cache(maxsize=64)
def _pieces(language: str) -> re.Pattern[str]:
    """One word of a number: whatever stands between blanks, or where there are none the words themselves."""
    if language not in _UNSPACED:
        return _WORD
    words = {
        w for spelt, n in _spellings(language).items() if n <= 100 or n % 100 == 0 for w in spelt.split()
    }
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def _written(text: str, language: str) -> Iterator[tuple[int, int, float]]:
    """Start, end and value of every number word, longest first, none right behind another."""
    spellings = _spellings(language)
    if not spellings:
        return
    longest = 4 if language in _UNSPACED else max(word.count(" ") for word in spellings) + 1
    pieces = [(m.start(), m.end()) for m in _pieces(language).finditer(text)]
    at = 0
    while at < len(pieces):
        ends = [at]
        while len(ends) < longest and ends[-1] + 1 < len(pieces) and _adjoin(text, pieces, ends[-1]):
            ends.append(ends[-1] + 1)
        spans = ((end, _plain(text[pieces[at][0] : pieces[end][1]])) for end in reversed(ends))
        found = next(((end, spellings[word]) for end, word in spans if word in spellings), None)
        if found is None:
            at += 1
            continue
        yield pieces[at][0], pieces[found[0]][1], found[1]
        # "năm" is five and year: what directly follows a number is no other number.
        at = found[0] + (2 if found[0] + 1 < len(pieces) and _adjoin(text, pieces, found[0]) else 1)


def _adjoin(text: str, pieces: list[tuple[int, int]], at: int) -> bool:
    return _GAP.fullmatch(text, pieces[at][1], pieces[at + 1][0]) is not None


def _han(text: str) -> Iterator[tuple[int, int, float]]:
    for run in _HAN_RUN.finditer(text):
        yield run.start(), run.end(), _han_number(run.group())


def _han_number(run: str) -> float:
    """The value of a numeral, "一点八" being 1.8."""
    run, *rest = re.split("[点點]", run)
    if rest:
        return float(f"{_han_number(run)}.{''.join(str(_HAN[c]) for c in rest[0])}")
    if not any(c in _HAN_TIMES for c in run):
        return int("".join(str(_HAN[c]) for c in run))
    total = digit = 0
    for c in run:
        if c in _HAN:
            digit = _HAN[c]
        else:
            total += (digit or 1) * _HAN_TIMES[c]
            digit = 0
    return total + digit


def with_digits(text: str, language: str, ahead: re.Pattern[str]) -> tuple[str, list[int]]:
    """`text` with number words as digits where `ahead` matches what follows them, and where each character came from.

    The second has one entry more than the first has characters. `ahead` sees the text behind the number as it will be,
    so that it may look for another number ("six to eight hours").
    """
    words = () if language in _BY_RULE else _written(text, language)
    found = sorted([*words, *_han(text)], reverse=True)
    behind, places, until = "", [len(text)], len(text)
    for start, end, number in found:
        behind, places = text[end:until] + behind, [*range(end, until), *places]
        digits, origin = text[start:end], [*range(start, end)]
        if ahead.match(behind) and not _PART_OF_ANOTHER.search(text, max(0, start - _BEHIND), start):
            digits = str(number)
            origin = [start] * len(digits)
        behind, places, until = digits + behind, [*origin, *places], start
    return text[:until] + behind, [*range(until), *places]
