"""What the matching engine takes and returns: frozen, free of any database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float16]
Matrix = NDArray[np.float32]
Role = Literal["query", "passage"]
Status = Literal["met", "failed", "unknown"]
Bound = Literal["most", "least", "range", "named"]

ENGINE_VERSION = "1"
# What a score is made of; "passage" only for documents with sentence vectors, "limits" only where the query states limits, "reranker" only with a cross-encoder.
TERMS = ("meaning", "language", "hub", "tokens", "passage", "limits", "reranker")


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open character range `[start, end)` in the text it was cut from."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """What is searched. `vectors` maps a model key ("e5", "use") to its raw float16 "passage" vector.

    A model that does not know the document's language has no entry. `tokens` are the hard tokens of `text`.
    `sentences` holds the raw vectors [n, d] of `text.sentences(text)` by model, in order; with them the best sentence
    counts in the score and explaining needs no encoder. It may be left out, and may lie in a file (np.memmap).
    """

    id: str
    language: str
    text: str
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    tokens: frozenset[str] = frozenset()
    sentences: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked for. Like `Document`, but the vectors are of the "query" role."""

    id: str
    language: str
    text: str
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    tokens: frozenset[str] = frozenset()
    sentences: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. `terms` are the contributions by name; they add up to `score`."""

    id: str
    score: float
    terms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence of the query and the sentence of the document that answers it; `score` is a centred
    cosine.
    """

    query: Span
    document: Span
    score: float


@dataclass(frozen=True, slots=True)
class Requirement:
    """One limit read in the query, and what the document says about it.

    `quantity` is one of `requirements.QUANTITIES`, a code for translation. `bound` says how it limits: at "most"
    `high`, at "least" `low`, a "range" of both, or "named" (`name`, a standard). Numbers are in `unit`: the SI unit
    of the quantity, or an ISO 4217 code for money. `found_low` and `found_high` are what the document states, None
    where it states nothing or leaves that end open. `wanted` and `found` hold the same as the texts write it
    ("≤ 50 €", "120 euros"), in the texts' own languages; `found` is empty when the document is silent.
    """

    quantity: str
    wanted: str
    found: str
    status: Status
    query: Span
    document: Span | None = None
    bound: Bound = "named"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    found_low: float | None = None
    found_high: float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a document was offered for a query.

    `terms` are named in `TERMS`; `topics` are codes of `topics.topics()` with their nearness, best first.
    """

    query_id: str
    document_id: str
    languages: tuple[str, str]
    score: float
    terms: Mapping[str, float]
    pairs: tuple[SentencePair, ...]
    shared_tokens: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    topics: tuple[tuple[str, float], ...] = ()
    produced_by: str = ENGINE_VERSION
