"""Why a document was offered: the sentences that meet, shared tokens, limits kept or broken, and each
term's part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.centring import Centring
from serai.engines.matching.encoders import USE_LANGUAGES, Encoder
from serai.engines.matching.requirements import compare
from serai.engines.matching.text import sentences
from serai.engines.matching.tokens import hard_tokens
from serai.engines.matching.types import Document, Explanation, Hit, Matrix, Query, Role, SentencePair, Span

PAIRS = 3
# Chosen on questions and paragraphs, docs/engines/matching.md.
USE_WEIGHT = 0.4
ANCHOR = 0.1
LENGTH = 0.02
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def explain(
    query: Query,
    document: Document,
    hit: Hit,
    *,
    encoders: Mapping[str, Encoder],
    centring: Centring,
    at_most: int = PAIRS,
) -> Explanation:
    """The reasons for `hit`.

    `encoders` maps model keys to encoders; without any the explanation has no sentence pairs.
    """
    return Explanation(
        query_id=query.id,
        document_id=document.id,
        languages=(query.language, document.language),
        score=hit.score,
        terms=dict(hit.terms),
        pairs=sentence_pairs(query, document, encoders=encoders, centring=centring, at_most=at_most),
        shared_tokens=tuple(sorted(query.tokens & document.tokens)),
        requirements=compare(query.text, query.language, document.text, document.language),
    )


def sentence_pairs(
    query: Query,
    document: Document,
    *,
    encoders: Mapping[str, Encoder],
    centring: Centring,
    at_most: int = PAIRS,
) -> tuple[SentencePair, ...]:
    """The best sentence pairs, each sentence used once, best first.

    Stored sentence vectors are used where the texts carry them; without them USE alone compares two languages of its own,
    because it reads sentences ten times as fast as E5.
    """
    ours, theirs = sentences(query.text), sentences(document.text)
    if not ours or not theirs:
        return ()
    similarity = _similarity(query, document, ours, theirs, encoders, centring)
    if similarity is None:
        return ()
    choice = similarity + _anchors(query.text, document.text, ours, theirs)
    pairs: list[SentencePair] = []
    while len(pairs) < min(at_most, len(ours), len(theirs)):
        i, j = np.unravel_index(int(np.argmax(choice)), choice.shape)
        pairs.append(SentencePair(ours[i], theirs[j], float(similarity[i, j])))
        choice[i, :] = -np.inf
        choice[:, j] = -np.inf
    return tuple(pairs)


def _similarity(
    query: Query,
    document: Document,
    ours: Sequence[Span],
    theirs: Sequence[Span],
    encoders: Mapping[str, Encoder],
    centring: Centring,
) -> NDArray[np.float32] | None:
    """Centred cosines of all sentence pairs, both models mixed like in the score."""
    both = {query.language, document.language} <= USE_LANGUAGES
    primary = next((key for key in encoders if key != "use"), "")
    stored = _stored(document, primary, theirs) is not None
    models = [primary] if primary and (stored or not both or "use" not in encoders) else []
    models += ["use"] if both and "use" in encoders else []
    found: list[Matrix] = []
    for model in models:
        a = _rows(query, "query", model, ours, encoders, centring)
        b = _rows(document, "passage", model, theirs, encoders, centring)
        found.append(np.asarray(a @ b.T, np.float32))
    if len(found) == 2:
        return np.asarray(found[0] + np.float32(USE_WEIGHT) * (found[1] - found[0]), np.float32)
    return found[0] if found else None


def _rows(
    item: Query | Document,
    role: Role,
    model: str,
    spans: Sequence[Span],
    encoders: Mapping[str, Encoder],
    centring: Centring,
) -> Matrix:
    vectors = _stored(item, model, spans)
    if vectors is None:
        vectors = encoders[model].encode([s.of(item.text) for s in spans], role)
    return centring.apply(model, role, item.language, vectors)


def _stored(item: Query | Document, model: str, spans: Sequence[Span]) -> np.ndarray | None:
    """The sentences' vectors as far as the item carries them; a text of one sentence is its own."""
    rows = item.sentences.get(model, ())
    if len(rows) == len(spans):
        return np.asarray(rows)
    if len(spans) == 1 and spans[0].of(item.text) == item.text and model in item.vectors:
        return np.asarray(item.vectors[model])
    return None


def _anchors(asked: str, offered: str, ours: Sequence[Span], theirs: Sequence[Span]) -> Matrix:
    """What both sentences write alike in every language, numbers and hard tokens; and a little for length, because short
    sentences seldom say what was asked.
    """
    left = [_marks(s.of(asked)) for s in ours]
    right = [_marks(s.of(offered)) for s in theirs]
    shared = np.array([[len(a & b) for b in right] for a in left], np.float32)
    lengths = np.array([s.end - s.start for s in theirs], np.float32)
    bonus = ANCHOR * np.minimum(shared, 2) + LENGTH * np.log(lengths / lengths.mean())
    return np.asarray(bonus, np.float32)


def _marks(sentence: str) -> frozenset[str]:
    return hard_tokens(sentence) | frozenset(_NUMBER.findall(sentence))
