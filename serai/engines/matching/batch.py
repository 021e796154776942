"""All queries against an index, in blocks that are kept as they finish, so that a long run can stop and go on.

A block's file is named by the index version, k and its queries: a block of another index or other queries is never taken
for this one. Where blocks run is the caller's choice: `run` is `map` by default, and a pool's or a cluster's ordered map
in its place.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from serai.engines.matching.index import Index
from serai.engines.matching.types import Query

Run = Callable[[Callable[[Sequence[Query]], Path], Iterable[Sequence[Query]]], Iterable[Path]]


@dataclass(frozen=True, slots=True)
class Row:
    """The hits of one query: ids and scores, best first."""

    query_id: str
    ids: tuple[str, ...]
    scores: tuple[float, ...]


def match_all(
    index: Index,
    queries: Sequence[Query],
    folder: Path,
    *,
    k: int = 100,
    block: int = 256,
    run: Run = map,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Row]:
    """The best `k` for every query, in the order of `queries`. Blocks already in `folder` are not computed again."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = [queries[i : i + block] for i in range(0, len(queries), block)]
    for done, path in enumerate(run(partial(_block, index, folder, k), blocks), 1):
        for line in path.read_text("utf-8").splitlines():
            item: dict[str, Any] = json.loads(line)
            yield Row(item["qid"], tuple(item["ids"]), tuple(item["scores"]))
        if progress is not None:
            progress(done, len(blocks))


def _block(index: Index, folder: Path, k: int, queries: Sequence[Query]) -> Path:
    digest = hashlib.sha256(f"{index.version}|{len(index)}|{k}".encode())
    for query in queries:
        digest.update(f"|{query.id}|{query.language}|{query.text}".encode("utf-8", "surrogatepass"))
    path = folder / f"{digest.hexdigest()[:32]}.jsonl"
    if path.exists():
        return path
    lines = []
    for query in queries:
        hits = index.search(query, k)
        lines.append(
            json.dumps({"qid": query.id, "ids": [h.id for h in hits], "scores": [h.score for h in hits]})
        )
    # A killed run leaves a part file, never half a block.
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text("\n".join(lines) + "\n", "utf-8")
    part.replace(path)
    return path


def agreement(
    index: Index, other: Callable[[Query, int], Sequence[str]], queries: Sequence[Query], k: int = 10
) -> float:
    """Share of the exact index's best `k` that another index (`other(query, k)` → ids) finds too; 1 is full agreement."""
    shares = []
    for query in queries:
        exact = {h.id for h in index.search(query, k)}
        if exact:
            shares.append(len(exact & set(other(query, k))) / len(exact))
    return sum(shares) / len(shares) if shares else 1.0
