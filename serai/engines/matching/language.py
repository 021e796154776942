"""Which language a text is in: the declared one, unless its script says otherwise."""

from __future__ import annotations

import re
import threading
from functools import lru_cache

import py3langid

from serai.engines.matching.text import clean, words

UNKNOWN = "und"

# Ranges are enough: what matters is which writing systems a text uses, not each rare character.
_SCRIPTS = {
    "Latin": "A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿ",
    "Cyrillic": "\u0400-\u052f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Arabic": "\u0620-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    "Hebrew": "\u05d0-\u05f2",
    "Devanagari": "\u0900-\u0963\u0971-\u097f",
    "Bengali": "\u0980-\u09e3\u09f0-\u09ff",
    "Gurmukhi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Oriya": "\u0b00-\u0b7f",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e4e",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Myanmar": "\u1000-\u109f",
    "Georgian": "\u10a0-\u10ff",
    "Ethiopic": "\u1200-\u137f",
    "Khmer": "\u1780-\u17d3",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "Kana": "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff",
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff",
    "Armenian": "\u0530-\u058f",
}
_COUNT = {name: re.compile(f"[{ranges}]") for name, ranges in _SCRIPTS.items()}

_SCRIPTS_OF: dict[str, frozenset[str]] = {}
for _script, _languages in {
    "Latin": "af az bs ca cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr ht hu id ig is it jv ku la "
    "lb lt lv mg ms mt nl no oc pl pt qu ro rw sk sl sn so sq sr st sv sw tk tl tr uz vi wa xh yo zu",
    "Cyrillic": "az ba be bg kk ky mk mn ru sr tg tk tt uk uz",
    "Greek": "el",
    "Arabic": "ar fa ku ps sd ug ur",
    "Hebrew": "he yi",
    "Devanagari": "hi mr ne sa",
    "Bengali": "as bn",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Oriya": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Thai": "th",
    "Lao": "lo",
    "Tibetan": "bo dz",
    "Myanmar": "my",
    "Georgian": "ka",
    "Ethiopic": "am ti",
    "Khmer": "km",
    "Hangul": "ko",
    "Kana": "ja",
    "Han": "zh ja",
    "Armenian": "hy",
}.items():
    for _code in _languages.split():
        _SCRIPTS_OF[_code] = _SCRIPTS_OF.get(_code, frozenset()) | {_script}

# Tags of one language under several names, and close varieties that share their encoders' training.
_ALIASES = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "nb": "no", "nn": "no", "fil": "tl", "mo": "ro", "sh":
    "sr", "cmn": "zh", "yue": "zh", "wuu": "zh", "arb": "ar", "ary": "ar", "arz": "ar", "pes": "fa", "prs":
    "fa", "zsm": "ms", "swh": "sw", "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "rus": "ru", "zho":
    "zh", "ara": "ar", "por": "pt", "ita": "it", "pol": "pl", "tur": "tr", "tha": "th", "jpn": "ja", "kor":
    "ko", "vie": "vi", "ind": "id", "heb": "he", "hin": "hi", "ukr": "uk", "kaz": "kk", "urd": "ur", "ces":
    "cs", "swa": "sw", "msa": "ms", "fas": "fa", "ron": "ro", "nld": "nl", "ell": "el",
}  # fmt: skip

# What a Latin text of a few words is taken for; with so little to see, rare languages would be guessed too
# often.
_COMMON_LATIN = words("cs da de en es fi fr hu id it nl no pl pt ro sv sw tr vi")
SHORT = 40

# A declared language holds when at least this share of the letters is in one of its scripts: a Thai text
# full of Latin product names is still Thai, a text without a single Thai letter is not.
SCRIPT_SHARE = 0.2
_lock = threading.Lock()


def primary(tag: str | None) -> str:
    """The primary subtag of a BCP-47 tag, lower case and unaliased; "und" for what is not a tag."""
    head = re.split(r"[-_]", (tag or "").strip().lower(), maxsplit=1)[0]
    if not re.fullmatch(r"[a-z]{2,3}", head):
        return UNKNOWN
    return _ALIASES.get(head, head)


def scripts(text: str) -> dict[str, int]:
    """How many letters of each writing system a text has (its first 4,000 characters)."""
    counts = {name: len(pattern.findall(text[:4000])) for name, pattern in _COUNT.items()}
    return {name: n for name, n in counts.items() if n}


def detect(text: str, declared: str | None = None) -> str:
    """The language of `text` as a primary BCP-47 tag; "und" where there is nothing to go on.

    A declared language wins unless fewer than a fifth of the letters are in a script it is written in.
    Letters of languages without a detector count as their script's main language. Deterministic; never
    raises for a str.
    """
    wanted = primary(declared)
    counts = scripts(clean(text, 4000))
    letters = sum(counts.values())
    if letters < 2:
        return wanted
    expected = _SCRIPTS_OF.get(wanted)
    if wanted != UNKNOWN and (
        expected is None or sum(counts.get(s, 0) for s in expected) >= SCRIPT_SHARE * letters
    ):
        return wanted
    return _by_script(text, counts)


def _by_script(text: str, counts: dict[str, int]) -> str:
    # Latin words are guests in other scripts far more often than the other way round.
    weighed = {s: n * (0.5 if s == "Latin" else 2.0 if s == "Kana" else 1.0) for s, n in counts.items()}
    script = max(sorted(weighed), key=lambda s: weighed[s])
    if script == "Han" and counts.get("Kana", 0) * 10 >= counts["Han"]:
        script = "Kana"
    only = sorted(code for code, written in _SCRIPTS_OF.items() if script in written)
    if script == "Han":
        return "zh"
    if len(only) == 1:
        return only[0]
    short = script == "Latin" and counts["Latin"] < SHORT
    return _ranked(clean(text, 1500), _COMMON_LATIN if short else frozenset(only))


@lru_cache(maxsize=512)
def _ranked(text: str, candidates: frozenset[str]) -> str:
    with _lock:
        ranking = py3langid.rank(text)
    for code, score in ranking:
        known = _ALIASES.get(code, code)
        if score > -1e30 and known in candidates:
            return str(known)
    return UNKNOWN
