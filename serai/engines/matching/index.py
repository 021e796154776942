"""The exact in-memory index: the reference every approximate or database index is compared with.

Built from raw float16 vectors, one centring and a log of queries. Nothing in it is random; equal input gives equal
results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.calibration import Calibration, learn_factor, learn_pairs
from serai.engines.matching.centring import Centring
from serai.engines.matching.encoders import USE_LANGUAGES
from serai.engines.matching.passages import Passages
from serai.engines.matching.requirements import compare, has_limits
from serai.engines.matching.types import ENGINE_VERSION, Document, Hit, Matrix, Query, Role, Vector

E5_DIMENSION, USE_DIMENSION = 384, 512
# More queries than this change neither hubness nor calibration, but cost memory: [LOG, documents] scores at once.
LOG = 400
CENTRED_AT_ONCE = 4096
# Vectors of one text differ by so much with the batch they were encoded in; those of two texts never by so little.
ROUNDING = 2e-3
ALL = slice(None)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The weights of the score. `docs/engines/matching.md` shows what each is worth.

    `primary` is the model every document has a vector of; USE only stands beside it.
    """

    primary: str = "e5"
    use_weight: float = 0.4
    hub_weight: float = 0.15
    hub_depth: int = 10
    token_weight: float = 0.02
    token_most: int = 3
    passage_weight: float = 0.5
    passage_depth: int = 100
    limit_weight: float = 0.05
    limit_depth: int = 50
    calibrated: bool = True

    @property
    def version(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


DEFAULT = Parameters()
# The recommended form of the study: centred, gated, hub corrected, nothing learnt beyond the centres.
GATED = Parameters(use_weight=0.5, token_weight=0.0, passage_weight=0.0, calibrated=False)
# Where E5 is not installed: texts in languages USE does not know are near nothing.
USE_ALONE = Parameters(primary="use", use_weight=0.0)
# A model behind an endpoint, alone: centred, hub corrected and calibrated like the bundled ones.
ENDPOINT = Parameters(primary="endpoint", use_weight=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Documents ready to be searched. Make one with `Index.build`."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]
    passages: Passages
    codes: NDArray[np.int16]
    e5: Matrix
    use: Matrix
    use_share: NDArray[np.float32]
    hubness: NDArray[np.float32]
    postings: Mapping[str, NDArray[np.intp]]
    place: Mapping[str, int]
    twins: NDArray[np.intp] | None
    centring: Centring
    calibration: Calibration
    parameters: Parameters
    log: tuple[Query, ...]

    @classmethod
    def build(
        cls,
        documents: Sequence[Document],
        centring: Centring,
        *,
        log: Sequence[Query] = (),
        parameters: Parameters = DEFAULT,
        calibration: Calibration | None = None,
    ) -> Index:
        """Centre the raw vectors; learn hubness and calibration from `log`, a sample of queries (a few hundred do).

        A `calibration` given is used as it is. Raises ValueError when two documents have the same id
        or vectors of one model different lengths.
        """
        ids = tuple(d.id for d in documents)
        place = {key: i for i, key in enumerate(ids)}
        if len(place) != len(ids):
            raise ValueError("Two documents have the same id.")
        names = tuple(sorted({d.language for d in documents}))
        at = {name: i for i, name in enumerate(names)}
        languages = [d.language for d in documents]
        e5 = _centred(documents, parameters.primary, E5_DIMENSION, centring)
        use = _centred(documents, "use", USE_DIMENSION, centring)
        known = np.array([x in USE_LANGUAGES for x in languages], bool) & use.any(axis=1)
        postings: dict[str, list[int]] = {}
        for i, d in enumerate(documents):
            for token in d.tokens:
                postings.setdefault(token, []).append(i)
        index = cls(
            ids=ids,
            names=names,
            texts=tuple(d.text for d in documents),
            passages=Passages([d.sentences for d in documents], languages, centring, parameters.primary),
            codes=np.array([at[x] for x in languages], np.int16),
            e5=e5,
            use=use,
            use_share=np.where(known, parameters.use_weight, 0.0).astype(np.float32),
            hubness=np.zeros(len(ids), np.float32),
            postings={t: np.array(rows, np.intp) for t, rows in postings.items()},
            place=place,
            twins=_twins(documents),
            centring=centring,
            calibration=calibration or Calibration({}, 1.0),
            parameters=parameters,
            log=_sample(log),
        )
        return index._learnt(calibration)

    def _learnt(self, given: Calibration | None) -> Index:
        if not self.log or not self.ids:
            usual = Calibration() if self.parameters.calibrated else Calibration({}, 1.0)
            return replace(self, calibration=given or usual)
        block = np.stack([self.meaning(q) for q in self.log])
        depth = min(self.parameters.hub_depth, len(self.log))
        hubness = np.empty(len(self.ids), np.float32)
        for start in range(0, len(self.ids), 8192):  # the block is large enough without a copy of it
            part = np.partition(block[:, start : start + 8192], len(self.log) - depth, axis=0)
            hubness[start : start + 8192] = part[-depth:].mean(axis=0)
        if given is not None or not self.parameters.calibrated:
            return replace(self, hubness=hubness, calibration=given or Calibration({}, 1.0))
        languages = [q.language for q in self.log]
        pairs = Calibration(learn_pairs(block, languages, self.codes, self.names))
        for row, language in zip(block, languages, strict=True):
            row[:] = pairs.apply(row, language, self.codes, self.names) - self.parameters.hub_weight * hubness
        same = np.stack([np.array([n == lang for n in self.names])[self.codes] for lang in languages])
        return replace(self, hubness=hubness, calibration=Calibration(pairs.pairs, learn_factor(block, same)))

    @property
    def version(self) -> str:
        """Engine, parameters and centring: equal versions, documents and log give equal results."""
        return f"{ENGINE_VERSION}.{self.parameters.version}.{self.centring.version}"

    def __len__(self) -> int:
        return len(self.ids)

    def meaning(self, query: Query, rows: slice = ALL) -> NDArray[np.float32]:
        """The meaning term for every document of `rows`, float32 [n]: centred cosines of both models, mixed by language."""
        if self.twins is None:
            return self._meaning(query, rows)
        if rows is ALL:
            return self._meaning(query, rows)[self.twins]
        return self._meaning(query, self.twins[rows])

    def _meaning(self, query: Query, rows: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        e5 = self._centred(query, self.parameters.primary, self.e5.shape[1])
        scores: NDArray[np.float32] = self.e5[rows] @ e5
        if query.language not in USE_LANGUAGES or "use" not in query.vectors:
            return scores
        use = self.use[rows] @ self._centred(query, "use", USE_DIMENSION)
        mixed: NDArray[np.float32] = scores + self.use_share[rows] * (use - scores)
        return mixed

    def _centred(self, query: Query, model: str, dimension: int) -> NDArray[np.float32]:
        raw = query.vectors.get(model, np.zeros(dimension, np.float16))
        if not np.isfinite(raw).all():
            raise ValueError(f"The vector of query {query.id!r} holds numbers that are not finite.")
        role: Role = "query"
        centred: NDArray[np.float32] = self.centring.apply(model, role, query.language, raw)[0]
        return centred

    def terms(self, query: Query, rows: slice = ALL) -> dict[str, NDArray[np.float32]]:
        """Every term that is known for all documents at once; the score is their sum and the term "limits".

        "meaning" is the raw similarity, "language" what calibration adds or takes, "hub" what a document near
        everything loses, "tokens" what shared hard tokens add. Two more are read for the best documents only:
        "passage", how far the best sentence is nearer than the whole text (`passage_depth`, with sentence vectors only),
        and "limits", what a document loses by failing a stated limit (`limit_depth`).
        """
        p = self.parameters
        meaning, codes = self.meaning(query, rows), self.codes[rows]
        hub = -np.float32(p.hub_weight) * self.hubness[rows]
        pairs = self.calibration.apply(meaning, query.language, codes, self.names)
        level = (pairs + hub) * self.calibration.within(query.language, codes, self.names)
        tokens = np.zeros(len(self.ids), np.float32)
        for token in sorted(query.tokens & self.postings.keys()):
            tokens[self.postings[token]] += 1.0
        tokens = np.minimum(tokens[rows], p.token_most) * np.float32(p.token_weight)
        return {"meaning": meaning, "language": level - meaning - hub, "hub": hub, "tokens": tokens}

    def search(
        self, query: Query, k: int = 10, *, allowed: Collection[str] | Mask | None = None
    ) -> tuple[Hit, ...]:
        """The best `k` documents, best first; ties go to the smaller id. `allowed` limits the ids looked at: ids, or
        what `mask` made of them.

        A query without letters finds nothing. Raises ValueError for k < 1 and for vectors that are not finite.
        """
        if k < 1:
            raise ValueError("k must be at least 1.")
        if not self.ids or not any(np.any(v) for v in query.vectors.values()):
            return ()
        terms = self.terms(query)
        total = np.sum(list(terms.values()), axis=0)
        rows = np.arange(len(self.ids))
        if isinstance(allowed, np.ndarray):
            rows = np.flatnonzero(allowed)
        elif allowed is not None:
            rows = np.sort(np.fromiter((self.place[a] for a in allowed if a in self.place), np.intp))
        if not len(rows):
            return ()
        p = self.parameters
        reads = p.limit_weight > 0 and has_limits(query.text, query.language)
        depth = max(k, p.limit_depth if reads else k, p.passage_depth if self._reads_sentences else k)
        if len(rows) > depth:
            edge = np.partition(total[rows], len(rows) - depth)[len(rows) - depth]
            rows = rows[total[rows] >= edge]
        order = sorted(rows.tolist(), key=lambda i: (-float(total[i]), self.ids[i]))[:depth]
        best = {name: values[order] for name, values in terms.items()}
        best["passage"] = self._passage(query, order, best["meaning"])
        failing = self._failing(query, order, np.sum(list(best.values()), axis=0)) if reads else {}
        hits = []
        for at, i in enumerate(order):
            parts = {name: float(values[at]) for name, values in best.items()}
            if reads:
                parts["limits"] = -p.limit_weight * min(2, failing.get(i, 0))
            hits.append(Hit(self.ids[i], sum(parts.values()), parts))
        return tuple(sorted(hits, key=lambda h: (-h.score, h.id))[:k])

    @property
    def _reads_sentences(self) -> bool:
        return self.parameters.passage_weight > 0 and not self.passages.is_empty

    def _passage(
        self, query: Query, rows: Sequence[int], meaning: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """What the best sentence of each document adds to its whole text, calibrated like meaning. float32 [rows]."""
        p = self.parameters
        out = np.zeros(len(rows), np.float32)
        have = self.passages.known(rows) if self._reads_sentences and p.primary in query.vectors else []
        if not have:
            return out
        # Equal texts are read once, so that not even their rounding differs.
        documents, again = np.unique(self._seen([rows[at] for at in have]), return_inverse=True)
        in_use = query.language in USE_LANGUAGES and "use" in query.vectors
        best = self.passages.best(
            documents.tolist(),
            self._centred(query, p.primary, self.e5.shape[1]),
            self._centred(query, "use", USE_DIMENSION) if in_use else None,
            p.use_weight,
        )[again]
        codes = self.codes[documents][again]
        nearer = np.float32(p.passage_weight) * (best - meaning[have])
        nearer *= self.calibration.scale(query.language, codes, self.names)
        out[have] = nearer * self.calibration.within(query.language, codes, self.names)
        return out

    def _failing(self, query: Query, rows: Sequence[int], score: NDArray[np.float32]) -> dict[int, int]:
        """How many limits of the query each of the best `limit_depth` documents fails, and whatever equals one of them."""
        first = np.argsort(-score, kind="stable")[: self.parameters.limit_depth]
        seen = self._seen(rows)
        found = {}
        for i in dict.fromkeys(seen[first].tolist()):
            checks = compare(query.text, query.language, self.texts[i], self.names[self.codes[i]])
            found[i] = sum(c.status == "failed" for c in checks)
        return {i: found[twin] for i, twin in zip(rows, seen.tolist(), strict=True) if twin in found}

    def _seen(self, rows: Sequence[int]) -> NDArray[np.intp]:
        """The row each of `rows` is read from: its own, or that of the first document equal to it."""
        own = np.asarray(rows, np.intp)
        return own if self.twins is None else self.twins[own]

    def hit(self, query: Query, document_id: str) -> Hit:
        """The score of one document and its terms. Raises KeyError for an unknown id."""
        at = self.place[document_id]
        terms = self.terms(query, slice(at, at + 1))
        terms["passage"] = self._passage(query, [at], terms["meaning"])
        parts = {name: float(values[0]) for name, values in terms.items()}
        if self.parameters.limit_weight > 0 and has_limits(query.text, query.language):
            failed = self._failing(query, [at], terms["meaning"])[at]
            parts["limits"] = -self.parameters.limit_weight * min(2, failed)
        return Hit(document_id, sum(parts.values()), parts)

    def mask(self, allowed: Collection[str]) -> Mask:
        """Which documents are in `allowed`, bool [n]; unknown ids are ignored. Quicker than ids when used again."""
        found = np.zeros(len(self.ids), bool)
        found[[self.place[a] for a in allowed if a in self.place]] = True
        return found

    def position(self, query: Query, document_id: str) -> tuple[int, float]:
        """Rank (1 = best) and score of one document among all. Raises KeyError for an unknown id."""
        at = self.place[document_id]
        best = self.search(query, max(self.parameters.limit_depth, self.parameters.passage_depth))
        for rank, hit in enumerate(best, 1):
            if hit.id == document_id:
                return rank, hit.score
        total = np.sum(list(self.terms(query).values()), axis=0)
        ties = [i for i in np.flatnonzero(total == total[at]) if self.ids[i] < document_id]
        return max(int((total > total[at]).sum()) + len(ties), len(best)) + 1, float(total[at])


def _sample(log: Sequence[Query]) -> tuple[Query, ...]:
    """At most LOG queries, evenly spaced, so that the choice needs no seed."""
    if len(log) <= LOG:
        return tuple(log)
    return tuple(log[i * len(log) // LOG] for i in range(LOG))


def _twins(documents: Sequence[Document]) -> NDArray[np.intp] | None:
    """For each document the row of the first one equal to it, intp [n]; None where all differ.

    Equal documents must have equal scores, but a product of matrices rounds differently at different rows, and an
    encoder in different batches.
    """
    first: dict[int, int] = {}
    rows = np.arange(len(documents))
    for i, d in enumerate(documents):
        # Where an index holds no texts, only vectors equal to the last bit make two documents one.
        text = d.text or b"".join(d.vectors[key].tobytes() for key in sorted(d.vectors))
        j = first.setdefault(hash((d.language, text, d.tokens)), i)
        if j != i and _equal(documents[j], d):
            rows[i] = j
    return rows if (rows != np.arange(len(rows))).any() else None


def _equal(a: Document, b: Document) -> bool:
    said = [(d.language, d.text, d.tokens, d.vectors.keys(), d.sentences.keys()) for d in (a, b)]
    return said[0] == said[1] and all(
        _near(one[key], other[key])
        for one, other in ((a.vectors, b.vectors), (a.sentences, b.sentences))
        for key in one
    )


def _near(a: Vector, b: Vector) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a.astype(np.float32) - b) <= ROUNDING))


def _centred(documents: Sequence[Document], model: str, dimension: int, centring: Centring) -> Matrix:
    """The documents' centred vectors, float32 [n, d]; language by language, so that no second copy of all is made."""
    known = {len(d.vectors[model]) for d in documents if model in d.vectors}
    if len(known) > 1:
        raise ValueError(f"Vectors of {model!r} have different lengths: {sorted(known)}.")
    out = np.zeros((len(documents), *(known or {dimension})), np.float32)
    rows: dict[str, list[int]] = {}
    for i, d in enumerate(documents):
        if model in d.vectors:
            rows.setdefault(d.language, []).append(i)
    for language, own in rows.items():
        for start in range(0, len(own), CENTRED_AT_ONCE):
            at = own[start : start + CENTRED_AT_ONCE]
            raw = np.stack([documents[i].vectors[model] for i in at])
            finite = np.isfinite(raw).all(axis=1)
            if not finite.all():
                wrong = documents[at[int(np.argmin(finite))]].id
                raise ValueError(f"The vector of {wrong!r} holds numbers that are not finite.")
            out[at] = centring.apply(model, "passage", language, raw)
    return out
