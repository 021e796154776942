"""The engine in one object: encoders, centring and the steps in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from serai.engines.matching.centring import Statistics
from serai.engines.matching.constraints import Failure, Side, failures
from serai.engines.matching.encoders import Encoder, EncoderProcess, installed
from serai.engines.matching.errors import EncoderFailed
from serai.engines.matching.explain import explain
from serai.engines.matching.index import DEFAULT, Index, Parameters
from serai.engines.matching.language import detect
from serai.engines.matching.store import Remembering
from serai.engines.matching.text import clean, sentences
from serai.engines.matching.tokens import hard_tokens
from serai.engines.matching.topics import Topics
from serai.engines.matching.types import Document, Explanation, Hit, Query, Role, Vector


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a document is not among a query's best: hard limits, else its rank and the score it lacks."""

    failures: tuple[Failure, ...]
    rank: int
    score: float
    score_needed: float


class Matcher:
    """Encodes, searches and explains with a set of encoders (by default the bundled ones that are installed, each in
    its own process).
    """

    def __init__(self, encoders: Mapping[str, Encoder] | None = None) -> None:
        self.encoders: Mapping[str, Encoder] = (
            encoders if encoders is not None else {key: EncoderProcess(key) for key in installed()}
        )
        first = next((encoder for key, encoder in self.encoders.items() if key != "use"), None)
        self._topics = Topics(first) if first is not None else None
        self._sentences = {key: Remembering(encoder) for key, encoder in self.encoders.items()}

    def close(self) -> None:
        """End the encoders' processes."""
        for encoder in self.encoders.values():
            if isinstance(encoder, EncoderProcess):
                encoder.close()

    def vectors(self, texts: Sequence[str], languages: Sequence[str], role: Role) -> list[dict[str, Vector]]:
        """Raw vectors per text and model key; a model that does not know a text's language leaves its key
        out.
        """
        out: list[dict[str, Vector]] = [{} for _ in texts]
        for key, encoder in self.encoders.items():
            rows = [i for i, language in enumerate(languages) if encoder.info.knows(language)]
            if rows:
                with _positions(rows):
                    encoded = encoder.encode([texts[i] for i in rows], role)
                for i, vector in zip(rows, encoded, strict=True):
                    out[i][key] = vector
        return out

    def sentence_vectors(
        self, texts: Sequence[str], languages: Sequence[str], role: Role
    ) -> list[dict[str, Vector]]:
        """Raw vectors [n, d] of each text's sentences (`text.sentences`), per text and model key; none for a text of one
        sentence, which is its own.
        """
        pieces = [[s.of(text) for s in sentences(text)] for text in texts]
        pieces = [found if len(found) > 1 else [] for found in pieces]
        ends = np.cumsum([len(found) for found in pieces]).tolist()
        owners = [i for i, found in enumerate(pieces) for _ in found]
        with _positions(owners):
            flat = self.vectors(
                [sentence for found in pieces for sentence in found], [languages[i] for i in owners], role
            )
        out: list[dict[str, Vector]] = []
        for found, end in zip(pieces, ends, strict=True):
            rows = flat[end - len(found) : end]
            keys = rows[0] if rows else {}
            out.append({key: np.stack([row[key] for row in rows]) for key in keys})
        return out

    def documents(
        self, items: Iterable[tuple[str, str, str | None]], *, sentences: bool = True
    ) -> list[Document]:
        """Documents from (id, text, declared language or None), with the vectors of their sentences unless unwanted."""
        rows = [(key, clean(text), detect(text, declared)) for key, text, declared in items]
        texts, languages = [r[1] for r in rows], [r[2] for r in rows]
        vectors = self.vectors(texts, languages, "passage")
        within: list[dict[str, Vector]] = [{} for _ in rows]
        if sentences:
            within = self.sentence_vectors(texts, languages, "passage")
        return [
            Document(k, lang, text, v, hard_tokens(text), s)
            for (k, text, lang), v, s in zip(rows, vectors, within, strict=True)
        ]

    def queries(self, items: Iterable[tuple[str, str, str | None]]) -> list[Query]:
        """Queries from (id, text, declared language or None)."""
        rows = [(key, clean(text), detect(text, declared)) for key, text, declared in items]
        vectors = self.vectors([r[1] for r in rows], [r[2] for r in rows], "query")
        return [
            Query(k, lang, text, v, hard_tokens(text))
            for (k, text, lang), v in zip(rows, vectors, strict=True)
        ]

    def index(
        self,
        documents: Sequence[Document],
        *,
        log: Sequence[Query] = (),
        statistics: Statistics | None = None,
        parameters: Parameters = DEFAULT,
    ) -> Index:
        """An index whose centres come from `statistics`, or else from `documents` and `log` themselves."""
        counted = statistics if statistics is not None else gather(documents, log)
        return Index.build(documents, counted.centring(), log=log, parameters=parameters)

    def warm(self, documents: Iterable[Document]) -> None:
        """Encode the documents' sentences now, in the background, so that explaining them later is immediate."""
        for d in documents:
            for encoder in () if d.sentences else self._sentences.values():
                if encoder.info.knows(d.language):
                    encoder.encode([s.of(d.text) for s in sentences(d.text)], "passage")

    def explain(self, query: Query, document: Document, index: Index) -> Explanation:
        """Why `document` has the score it has for `query` under `index`."""
        hit = score_pair(query, document, index)
        reasons = explain(query, document, hit, encoders=self._sentences, centring=index.centring)
        vector = document.vectors.get(index.parameters.primary)
        if self._topics is None or vector is None:
            return reasons
        return replace(reasons, topics=self._topics.nearest(vector, document.language, index.centring))


@contextmanager
def _positions(rows: Sequence[int]) -> Iterator[None]:
    """An encoder is handed a selection of the texts; what it says of its n-th text is about text `rows[n]`."""
    try:
        yield
    except EncoderFailed as error:
        if error.position is not None:
            error.position = rows[error.position]
        raise


def score_pair(query: Query, document: Document, index: Index) -> Hit:
    """The score of one pair under an index's centring and calibration, whether or not the document is in that index."""
    if document.id in index.place:
        return index.hit(query, document.id)
    alone = Index.build(
        [document], index.centring, log=index.log, parameters=index.parameters, calibration=index.calibration
    )
    return alone.hit(query, document.id)


def gather(documents: Iterable[Document], queries: Iterable[Query] = ()) -> Statistics:
    """The statistics of documents (role "passage") and queries (role "query")."""
    statistics = Statistics()
    for items, role in ((documents, "passage"), (queries, "query")):
        for item in items:
            for key, vector in item.vectors.items():
                statistics.add(key, "query" if role == "query" else "passage", item.language, vector)
    return statistics


def why_not(
    query: Query,
    document: Document,
    index: Index,
    *,
    ours: Side | None = None,
    theirs: Side | None = None,
    k: int = 10,
) -> WhyNot:
    """Why `document` is not among the best `k` for `query`; `score_needed` is the score of place `k`."""
    limits = failures(ours, theirs) if ours and theirs else ()
    rank, score = index.position(query, document.id)
    best = index.search(query, k)
    return WhyNot(limits, rank, score, best[-1].score if best else 0.0)
