"""Searching the index: what the viewer may see is decided by masks before anything is ranked."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from serai.engines import matching as m
from serai.engines.matching.passages import Passages
from serai.engines.matching.requirements import has_limits
from serai.exchange.index import layout
from serai.exchange.index.build import KINDS, OVERLAP, PARTNERSHIPS
from serai.exchange.models import Listing

Mask = NDArray[np.bool_]
Scores = NDArray[np.float32]
Texts = Callable[[Sequence[UUID]], Mapping[UUID, str]]
"""The texts of some listings in the tier that is searched."""


@dataclass(frozen=True)
class Wanted:
    """Filters as masks over rows; empty means anything. `countries` None means anywhere."""

    direction: str = ""
    kind: str = ""
    countries: frozenset[str] | None = None
    sector: str = ""
    partnership: str = ""
    language: str = ""
    trl: int | None = None


@dataclass(frozen=True)
class Found:
    """One row: `score` orders, and is never shown; `tokens` are the hard tokens the query shares with it."""

    id: UUID
    score: float
    tokens: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Index:
    """One tier's index as it stood when it was opened: a base and perhaps a tail for each direction."""

    parts: tuple[layout.Part, ...]

    def __len__(self) -> int:
        return int(self._alive.sum())

    @property
    def version(self) -> str:
        return self.parts[-1].name

    @property
    def looked_from(self) -> datetime:
        """Changes later than this may not be in: a transaction that was slow to commit among them."""
        latest: dict[str, str] = {}
        for part in self.parts:
            latest[part.meta["direction"]] = part.meta["built_at"]
        return datetime.fromisoformat(min(latest.values())) - OVERLAP

    def centring(self, direction: str) -> m.Centring:
        """The centres under which listings of a direction are ranked."""
        return next(part.engine.centring for part in self.parts if part.meta["direction"] == direction)

    @cached_property
    def _alive(self) -> Mask:
        """Rows that count: those of a base that its tail does not replace."""
        alive = [np.ones(len(part), bool) for part in self.parts]
        for number, part in enumerate(self.parts):
            if len(part.dead):
                alive[number - 1][part.dead] = False
        return np.concatenate(alive)

    def mask(self, wanted: Wanted, gone: Collection[UUID] = ()) -> Mask:
        """Rows that pass the filters and are still there; `gone` are ids that left the lists since the build."""
        passing = np.concatenate([_passes(part, wanted) for part in self.parts]) & self._alive
        passing[self._rows(list(gone))] = False
        return passing

    def these(self, ids: Sequence[UUID]) -> Mask:
        """The rows of these ids."""
        chosen = np.zeros(len(self._alive), bool)
        chosen[self._rows(ids)] = True
        return chosen

    def _rows(self, ids: Sequence[UUID]) -> list[int]:
        """Every row of these ids, in whichever part."""
        found, start = [], 0
        for part in self.parts:
            place = part.engine.place
            found += [start + place[pk.hex] for pk in ids if pk.hex in place]
            start += len(part)
        return found

    def row_of(self, pk: UUID) -> int:
        """The row that counts for this id. Raises KeyError for one the index does not know."""
        for row in self._rows([pk]):
            if self._alive[row]:
                return row
        raise KeyError(pk)

    def missing(self, ids: Iterable[UUID]) -> list[UUID]:
        """Those of `ids` the index has no row for."""
        wanted = list(ids)
        known = {self._id(row) for row in self._rows(wanted) if self._alive[row]}
        return [pk for pk in wanted if pk not in known]

    def scores(self, query: m.Query, direction: str = "") -> Scores:
        """The engine's score of every row (of a direction) by its whole text; `best` looks closer at the nearest."""
        return np.concatenate([self._scored(part, query, direction) for part in self.parts])

    def _scored(self, part: layout.Part, query: m.Query, direction: str) -> Scores:
        if direction not in ("", part.meta["direction"]):
            return np.full(len(part), -np.inf, np.float32)
        return np.asarray(np.sum(list(part.engine.terms(query).values()), axis=0), np.float32)

    def best(
        self, query: m.Query, scores: Scores, mask: Mask, k: int, texts: Texts | None = None
    ) -> list[Found]:
        """The best `k` rows of the mask, best first; ties go to the smaller id.

        With `texts` the nearest are looked at more closely, as many as the engine looks at: a sentence that meets
        the query lifts its listing, and what breaks a limit stated in the query stands lower. They are the same
        whatever `k` is, so that one page of results follows on the other.
        """
        depth = self._depth(query) if texts is not None else 0
        rows = np.flatnonzero(mask)
        if len(rows) > (most := max(k, depth)):
            edge = np.partition(scores[rows], len(rows) - most)[len(rows) - most]
            rows = rows[scores[rows] >= edge]
        found = [Found(self._id(row), float(scores[row]), self._shared(row, query)) for row in rows.tolist()]
        found.sort(key=lambda one: (-one.score, one.id))
        if depth and texts is not None:
            found[:depth] = self.weighed(query, found[:depth], texts)
        return found[:k]

    def _depth(self, query: m.Query) -> int:
        """How many of the nearest are looked at more closely."""
        parameters = m.Parameters()
        by_sentences = parameters.passage_depth if any(len(part.sentences) for part in self.parts) else 0
        return max(by_sentences, parameters.limit_depth if has_limits(query.text, query.language) else 0)

    def weighed(self, query: m.Query, found: Sequence[Found], texts: Texts) -> list[Found]:
        """These in the order the engine gives them when it has looked at their sentences and the query's limits.

        Offers are scored as offers are, requests as requests. Texts are read only where the query states limits.
        """
        if not found or not self._depth(query) or is_empty(query):
            return list(found)
        known = texts([one.id for one in found]) if has_limits(query.text, query.language) else {}
        rows: dict[str, list[int]] = {}
        for one in found:
            row = self.row_of(one.id)
            rows.setdefault(self._at(row)[0].meta["direction"], []).append(row)
        hits = [
            hit
            for some in rows.values()
            for hit in self._few(query, some, [known.get(self._id(row), "") for row in some]).search(
                query, len(some)
            )
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.id))
        return [
            Found(UUID(hit.id), hit.score, self._shared(self.row_of(UUID(hit.id)), query)) for hit in hits
        ]

    def _few(self, query: m.Query, rows: Sequence[int], texts: Sequence[str]) -> m.Index:
        """An engine's index of these rows of one direction, with their texts and sentences, for this query."""
        at = [self._at(row) for row in rows]
        engine = at[0][0].engine
        languages = [part.engine.names[part.engine.codes[row]] for part, row in at]
        within = [dict(part.sentences[row]) if len(part.sentences) else {} for part, row in at]
        names = tuple(sorted(set(languages)))
        ids = tuple(part.engine.ids[row] for part, row in at)
        holding = {
            token: [n for n, (part, row) in enumerate(at) if _holds(part, row, token)]
            for token in query.tokens
        }
        return replace(
            engine,
            ids=ids,
            names=names,
            texts=tuple(texts),
            passages=Passages(within, languages, engine.centring, engine.parameters.primary),
            codes=np.array([names.index(language) for language in languages], np.int16),
            e5=np.stack([part.engine.e5[row] for part, row in at]),
            use=np.stack([part.engine.use[row] for part, row in at]),
            use_share=np.array([part.engine.use_share[row] for part, row in at]),
            hubness=np.array([part.engine.hubness[row] for part, row in at]),
            postings={token: np.array(numbers, np.intp) for token, numbers in holding.items()},
            place={key: number for number, key in enumerate(ids)},
        )

    def _at(self, row: int) -> tuple[layout.Part, int]:
        for part in self.parts:
            if row < len(part):
                return part, row
            row -= len(part)
        raise IndexError(row)

    def _id(self, row: int) -> UUID:
        part, at = self._at(row)
        return UUID(part.engine.ids[at])

    def _shared(self, row: int, query: m.Query) -> tuple[str, ...]:
        part, at = self._at(row)
        return tuple(token for token in sorted(query.tokens) if _holds(part, at, token))


def _holds(part: layout.Part, row: int, token: str) -> bool:
    rows = part.engine.postings.get(token)
    if rows is None:
        return False
    at = int(np.searchsorted(rows, row))
    return at < len(rows) and int(rows[at]) == row


def is_empty(query: m.Query) -> bool:
    """Whether a query has nothing that could be near anything: no letters, or no encoder knows them."""
    return not any(np.any(vector) for vector in query.vectors.values())


def _passes(part: layout.Part, wanted: Wanted) -> Mask:
    arrays = part.facts
    passing = np.ones(len(part), bool)
    if wanted.direction not in ("", part.meta["direction"]):
        passing[:] = False
    if wanted.kind:
        passing &= arrays["kind"] == KINDS[wanted.kind]
    if wanted.countries is not None:
        codes = [i for i, code in enumerate(part.meta["countries"]) if code in wanted.countries]
        passing &= np.isin(arrays["country"], codes)
    if wanted.trl:
        passing &= arrays["trl"] >= wanted.trl
    if wanted.partnership:
        passing &= (arrays["partnerships"] & PARTNERSHIPS[wanted.partnership]) > 0
    if wanted.language:
        codes = [i for i, tag in enumerate(part.engine.names) if tag == wanted.language]
        passing &= np.isin(part.engine.codes, codes)
    if wanted.sector:
        rows = part.sectors.get(wanted.sector)
        within = np.zeros(len(part), bool)
        if rows is not None:
            within[rows] = True
        passing &= within
    return passing


_lock = threading.Lock()
_open: dict[str, tuple[int, Index]] = {}


def opened(tier: str) -> Index | None:
    """The index of a tier that is in force; None before the first build. Reopened when the pointer moved."""
    stamp = layout.stamp()
    held = _open.get(tier)
    if held is not None and held[0] == stamp:
        return held[1]
    with _lock:
        known = {part.name: part for part in held[1].parts} if held is not None else {}
        pointer = layout.pointer()
        chosen = [pointer.get(layout.key(tier, direction)) for direction in Listing.Direction.values]
        if None in chosen:
            return None
        index = Index(tuple(part for names in chosen if names for part in _parts(names, known)))
        _open[tier] = (stamp, index)
        return index


def _parts(names: dict[str, str], known: Mapping[str, layout.Part]) -> list[layout.Part]:
    """Base and tail. Tails come and go by the minute; the base they stand beside stays mapped."""
    base = known.get(names["base"]) or layout.read(names["base"])
    if "tail" not in names:
        return [base]
    return [base, known.get(names["tail"]) or layout.read(names["tail"], base)]
