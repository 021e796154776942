"""Search words of a text: what the exact-word search compares. Cut here, stemmed by PostgreSQL.

Scripts written without blanks (and Korean, whose particles cling to the words) are cut into pairs of
characters: measured better than dictionaries for finding, and it needs none.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import icu
from django.db import connection

from serai.engines import matching as m

MOST = 4000
"""Words of one text that are kept; what is longer is found by its beginning and by meaning."""

LONGEST = 60

# Han, kana, bopomofo, Hangul, Thai, Lao, Khmer, Myanmar.
_DENSE = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUNS = re.compile(f"(?P<dense>[{_DENSE}]+)|(?P<spaced>[^{_DENSE}]+)")

# Names of PostgreSQL's text search configurations by primary language subtag.
STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch",
    "en": "english", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german", "el": "greek",
    "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian",
    "ne": "nepali", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
PLAIN = "simple"


def words(text: str) -> list[str]:
    """The words of `text` in order, folded; pairs of characters for scripts without blanks."""
    folded = unicodedata.normalize("NFKC", m.clean(text)).casefold()
    found: list[str] = []
    for run in _RUNS.finditer(folded):
        found.extend(_pairs(run.group()) if run.lastgroup == "dense" else _spaced(run.group()))
        if len(found) >= MOST:
            break
    return found[:MOST]


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for at in range(len(run) - 1):
        yield run[at : at + 2]


def _spaced(run: str) -> Iterator[str]:
    breaker = icu.BreakIterator.createWordInstance(icu.Locale.getRoot())
    text = icu.UnicodeString(run)
    breaker.setText(text)
    start = 0
    for end in breaker:
        if breaker.getRuleStatus() >= 100:  # 100 and up: numbers, letters (UBRK_WORD_NUMBER …)
            yield str(text[start:end])[:LONGEST]
        start = end


@cache
def configurations() -> frozenset[str]:
    """The text search configurations this server has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config")
        return frozenset(row[0] for row in cursor.fetchall())


def stemmer(language: str) -> str:
    """The configuration for a language, `simple` where the server has no stemmer for it."""
    name = STEMMERS.get(language.split("-")[0].lower(), PLAIN)
    return name if name in configurations() else PLAIN


Row = tuple[UUID, str, Sequence[tuple[str, str]]]
"""Listing, tier, and the words of its texts: [(PostgreSQL's configuration, words between blanks), …]."""


def store(rows: Iterable[tuple[UUID, str, Iterable[tuple[str, str]]]]) -> None:
    """Write search rows: (listing id, tier, [(language, text), …]). A row that is there is replaced.

    Every word stands stemmed and as it is, so that names and numbers are found in a text of any language.
    """
    write([_row(listing, tier, texts) for listing, tier, texts in rows])


def write(rows: Iterable[Row]) -> None:
    """Write rows whose words have been cut; a round trip for all that have equally many texts."""
    by_length: dict[int, list[list[Any]]] = defaultdict(list)
    for listing, tier, texts in rows:
        by_length[len(texts)].append([listing, tier, *(part for text in texts for part in text)])
    with connection.cursor() as cursor:
        for length, values in by_length.items():
            vector = " || ".join(["to_tsvector(%s::regconfig, %s)"] * length) or "''::tsvector"
            cursor.executemany(
                "INSERT INTO exchange_listingsearch (listing_id, tier, words) "  # noqa: S608  (fixed text)
                f"VALUES (%s, %s, {vector}) "
                "ON CONFLICT (listing_id, tier) DO UPDATE SET words = EXCLUDED.words",
                values,
            )


def _row(listing: UUID, tier: str, texts: Iterable[tuple[str, str]]) -> Row:
    parts: list[tuple[str, str]] = []
    for language, text in texts:
        line = " ".join(words(text))
        parts += [(name, line) for name in dict.fromkeys((stemmer(language), PLAIN))]
    return listing, tier, parts


def matching_listings(query: str, languages: Iterable[str], tier: str, limit: int) -> list[UUID]:
    """Ids of listings whose words of `tier` hold all words of `query`, at most `limit`, in no order.

    The words may stand as they are, or share their stems in one of `languages`.
    """
    line = " ".join(words(query)[:40])
    if not line:
        return []
    names = list(dict.fromkeys([PLAIN, *(stemmer(language) for language in languages)]))
    asked = " || ".join(["plainto_tsquery(%s::regconfig, %s)"] * len(names))
    parameters = [part for name in names for part in (name, line)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT listing_id FROM exchange_listingsearch "  # noqa: S608  (fixed text)
            f"WHERE tier = %s AND words @@ ({asked}) LIMIT %s",
            [tier, *parameters, limit],
        )
        return [row[0] for row in cursor.fetchall()]
