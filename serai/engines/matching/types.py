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

ENGINE_VERSION = "1"


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
    """

    id: str
    language: str
    text: str
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    tokens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked for. Like `Document`, but the vectors are of the "query" role."""

    id: str
    language: str
    text: str
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    tokens: frozenset[str] = frozenset()


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

    `quantity` is a dimension ("temperature", "price", …) or a name ("standard", "TRL"). `wanted` and `found`
    are normalised for reading ("≤ 50 EUR", "120 EUR"); `found` is empty when the document is silent.
    """

    quantity: str
    wanted: str
    found: str
    status: Status
    query: Span
    document: Span | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a document was offered for a query."""

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
