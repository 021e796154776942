"""Text made fit for an encoder, and cut into sentences whose places are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from serai.engines.matching.types import Span

# E5 reads windows of 512 tokens (about 2,000 characters) and averages them; past a few windows the mean
# says nothing.
PROFILE_LIMIT = 6_000
SENTENCE_LIMIT = 600

# Everything that is not shown: controls, bidirectional marks, byte-order mark, soft hyphen, lone surrogates.
# U+200C and U+200D stay: Persian and the Indic scripts spell with them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\uffff]"
)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_STOP = re.compile(
    r"[.!?…]+[\"'»”’)\]]*(?=\s|$)|[。！？｡]+[」』”’）]*|[؟۔।॥։።]+|\n+",
)
_THAI_GAP = re.compile(r"(?<=[\u0e00-\u0e7f\u1780-\u17ff\u0e80-\u0eff])\s+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:\w|approx|ca|z\.B|bzw|ggf|inkl|max|min|no|nr|vs|etc|e\.g|i\.e|т\.е|т\.д|напр|др|ул|tzn|np|ok)\.$",
    re.I,
)


def words(listing: str) -> frozenset[str]:
    """A set written as words between blanks."""
    return frozenset(listing.split())


def clean(text: str, limit: int | None = None) -> str:
    """The text as an encoder may see it: NFC, nothing unseen, single blanks, at most `limit` characters.

    Cutting happens at a blank where there is one in the last fifth. Never raises for a str.
    """
    if limit is not None and len(text) > 4 * limit:
        text = text[: 4 * limit]
    text = _UNSEEN.sub(" ", text)
    text = unicodedata.normalize("NFC", text)
    text = _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()
    if limit is None or len(text) <= limit:
        return text
    cut = max(text.rfind(" ", 0, limit), text.rfind("\n", 0, limit))
    return text[: cut if cut > limit * 4 // 5 else limit].rstrip()


def profile_text(
    title: str,
    summary: str = "",
    keywords: Iterable[str] = (),
    description: str = "",
    *,
    limit: int = PROFILE_LIMIT,
) -> str:
    """The text of one listing or organisation as the encoders see it.

    Most important first, because what is past `limit` characters is cut: title, summary, keywords,
    description.
    """
    parts = [title, summary, ", ".join(k for k in keywords if k.strip()), description]
    return clean("\n".join(p.strip() for p in parts if p and p.strip()), limit)


def sentences(text: str, *, at_most: int = 40) -> tuple[Span, ...]:
    """Where the sentences of `text` are, in order, trimmed of blanks; pieces longer than 600 characters are
    cut.

    Knows the full stops of the world's scripts; Thai, Lao and Khmer, which have none, are cut at blanks
    once a piece is longer than 60 characters. A text without any stop is one sentence; an empty one has
    none.
    """
    return tuple(span for _, span in zip(range(at_most), _pieces(text), strict=False))


def _pieces(text: str) -> Iterator[Span]:
    start = 0
    for stop in _STOP.finditer(text):
        if stop.group()[0] == "." and _ABBREVIATION.search(text[start : stop.end()]):
            continue
        yield from _short_enough(text, start, stop.end())
        start = stop.end()
    yield from _short_enough(text, start, len(text))


def _short_enough(text: str, start: int, end: int) -> Iterator[Span]:
    for gap in _THAI_GAP.finditer(text, start, end):
        if gap.start() - start > 60 and end - gap.end() > 30:
            yield from _limited(text, start, gap.start())
            start = gap.end()
    yield from _limited(text, start, end)


def _limited(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > SENTENCE_LIMIT:
        cut = text.rfind(" ", start + SENTENCE_LIMIT // 2, start + SENTENCE_LIMIT)
        cut = cut if cut > 0 else start + SENTENCE_LIMIT
        yield Span(start, cut)
        start = cut
    if any(c.isalnum() for c in text[start:end]):
        yield Span(start, end)
