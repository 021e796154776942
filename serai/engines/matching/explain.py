"""Why a document was offered: the sentences that meet, shared tokens, limits kept or broken, and each
term's part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from serai.engines.matching.centring import Centring
from serai.engines.matching.encoders import USE_LANGUAGES, Encoder
from serai.engines.matching.requirements import compare
from serai.engines.matching.text import sentences
from serai.engines.matching.types import Document, Explanation, Hit, Matrix, Query, Role, SentencePair, Span

PAIRS = 3


def explain(
    query: Query,
    document: Document,
    hit: Hit,
    *,
    encoders: Mapping[str, Encoder],
    centring: Centring,
    at_most: int = PAIRS,
) -> Explanation:
    """The reasons for `hit`. Sentences are compared by USE where both languages are its own, by E5 otherwise.

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
    """The best sentence pairs, each sentence used once, best first."""
    ours, theirs = sentences(query.text), sentences(document.text)
    both = {query.language, document.language} <= USE_LANGUAGES
    others = [key for key in encoders if key != "use"]
    model = "use" if both and "use" in encoders else others[0] if others else ""
    if not model or not ours or not theirs:
        return ()
    encoder = encoders[model]
    a = _centred(encoder, model, "query", query.text, query.language, ours, centring)
    b = _centred(encoder, model, "passage", document.text, document.language, theirs, centring)
    similarity = a @ b.T
    pairs: list[SentencePair] = []
    while len(pairs) < min(at_most, len(ours), len(theirs)):
        i, j = np.unravel_index(int(np.argmax(similarity)), similarity.shape)
        pairs.append(SentencePair(ours[i], theirs[j], float(similarity[i, j])))
        similarity[i, :] = -np.inf
        similarity[:, j] = -np.inf
    return tuple(pairs)


def _centred(
    encoder: Encoder,
    model: str,
    role: Role,
    text: str,
    language: str,
    spans: Sequence[Span],
    centring: Centring,
) -> Matrix:
    return centring.apply(model, role, language, encoder.encode([s.of(text) for s in spans], role))
