"""Searching the index: what the viewer may see is decided by masks before anything is ranked."""

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from serai.engines import matching as m
from serai.exchange.index import layout, scoring
from serai.exchange.index.build import (
    DIRECTIONS,
    KINDS,
    OVERLAP,
    PARTNERSHIPS,
    centred_query,
    rows_of,
)
from serai.exchange.index.scoring import Asked

Mask = NDArray[np.bool_]


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
    """One tier's index as it stood when it was opened."""

    parts: tuple[layout.Part, ...]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts) - len(self.parts[-1].dead)

    @property
    def version(self) -> str:
        return self.parts[-1].name

    @property
    def looked_from(self) -> datetime:
        """Changes later than this may not be in: a transaction that was slow to commit among them."""
        return datetime.fromisoformat(self.parts[-1].meta["built_at"]) - OVERLAP

    @cached_property
    def centring(self) -> m.Centring:
        return m.Statistics.from_bytes(self.parts[0].statistics).centring()

    def ask(
        self, language: str, e5: NDArray[np.float16], use: NDArray[np.float16] | None, tokens: frozenset[str]
    ) -> Asked:
        """A query with this index's centres taken out."""
        return centred_query(self.centring, language, e5, use, tokens)

    @cached_property
    def _alive(self) -> Mask:
        alive = np.ones(sum(len(part) for part in self.parts), bool)
        alive[self.parts[-1].dead] = False
        return alive

    def mask(self, wanted: Wanted, gone: Collection[UUID] = ()) -> Mask:
        """Rows that pass the filters and are still there; `gone` are ids that left the lists since the build."""
        passing = np.concatenate([_passes(part, wanted) for part in self.parts]) & self._alive
        passing[self._rows(list(gone))] = False
        return passing

    def _rows(self, ids: Sequence[UUID]) -> list[int]:
        """Every row of these ids, in whichever part."""
        found, start = [], 0
        for part in self.parts:
            found += [start + row for row in rows_of(part, list(ids)) if row >= 0]
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

    def scores(self, asked: Asked) -> scoring.Scores:
        return np.concatenate([scoring.score(part, asked) for part in self.parts])

    def best(self, scores: scoring.Scores, mask: Mask, k: int, tokens: frozenset[str]) -> list[Found]:
        """The best `k` rows of the mask, best first; ties go to the smaller row."""
        rows = np.flatnonzero(mask)
        if len(rows) > k:
            edge = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
            rows = rows[scores[rows] >= edge]
        order = rows[np.lexsort((rows, -scores[rows]))][:k]
        shared = self._shared(order.tolist(), tokens)
        return [Found(self._id(row), float(scores[row]), shared.get(row, ())) for row in order.tolist()]

    def among(
        self, ids: Iterable[UUID], scores: scoring.Scores, mask: Mask, k: int, tokens: frozenset[str]
    ) -> list[Found]:
        """The best `k` of `ids` under the mask."""
        chosen = np.zeros(len(mask), bool)
        chosen[self._rows(list(ids))] = True
        return self.best(scores, chosen & mask, k, tokens)

    def place(self, scores: scoring.Scores, mask: Mask, pk: UUID) -> int | None:
        """The place (1 = best) of one id among the rows of the mask; None if it is not one of them."""
        rows = [row for row in self._rows([pk]) if mask[row]]
        if not rows:
            return None
        others = scores[mask]
        return int((others > scores[rows[0]]).sum()) + 1

    def _id(self, row: int) -> UUID:
        for part in self.parts:
            if row < len(part):
                return UUID(bytes=part.arrays["ids"][row].tobytes())
            row -= len(part)
        raise IndexError(row)

    def _shared(self, rows: list[int], tokens: frozenset[str]) -> dict[int, tuple[str, ...]]:
        found: dict[int, list[str]] = {}
        start = 0
        for part in self.parts:
            here = {row for row in rows if start <= row < start + len(part)}
            for token in sorted(tokens):
                holding = part.tokens.get(token)
                if holding is None:
                    continue
                for row in here.intersection((holding + start).tolist()):
                    found.setdefault(row, []).append(token)
            start += len(part)
        return {row: tuple(names) for row, names in found.items()}


def _passes(part: layout.Part, wanted: Wanted) -> Mask:
    arrays = part.arrays
    passing = np.ones(len(part), bool)
    if wanted.direction:
        passing &= arrays["direction"] == DIRECTIONS[wanted.direction]
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
        codes = [i for i, tag in enumerate(part.meta["languages"]) if tag == wanted.language]
        passing &= np.isin(arrays["language"], codes)
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
        parts = layout.pointer().get(tier)
        if parts is None:
            return None
        index = Index(tuple(layout.read(parts[key]) for key in ("base", "tail") if key in parts))
        _open[tier] = (stamp, index)
        return index
