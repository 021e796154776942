"""The files of an index version, and the pointer that says which version is in force.

    SERAI_HOME/index/current.json          {"public.offer": {"base": "…", "tail": "…"}, "public.request": {…}, …}
    SERAI_HOME/index/<version>/e5.npy …    one folder a part: a large base, a small tail of what changed since
    SERAI_HOME/index/<version>/sentences…  the vectors of their sentences, read for the best rows of a search only

A part is written whole into a folder of its own, then the pointer is replaced by a rename: a reader sees the
old version or the new one. Old folders go once nobody can begin to read them.
"""

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from serai.engines import matching as m
from serai.engines.matching.index import E5_DIMENSION, USE_DIMENSION
from serai.engines.matching.store import SentenceFile
from serai.engines.matching.types import Vector

ENGINE = ("e5", "use", "use_share", "hubness", "codes")
"""Arrays of the engine's own index, one row a listing."""

FACTS = ("ids", "kind", "country", "trl", "partnerships")
"""What filters ask for."""

KEEP_S = 600.0
"""A folder no pointer names any more is kept this long for readers that are about to open it."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of an index: the engine's, over mapped files, with the facts and the sentences of each row beside it.

    `meta`: "direction", "countries" (what the codes mean), "built_at" (ISO time before which changes are in),
    "engine" (version of engine, parameters and centres), "languages", "calibration". `sectors` maps a word to row numbers; `dead` are row numbers of the
    base this part stands beside that no longer count.
    """

    name: str
    engine: m.Index
    sentences: Sequence[Mapping[str, Vector]]
    facts: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    sectors: dict[str, NDArray[np.intp]]
    dead: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.engine)


def root() -> Path:
    return Path(settings.CONFIG.home) / "index"


def pointer() -> dict[str, dict[str, str]]:
    """Which parts are in force, by tier and direction; empty before the first build."""
    try:
        found: dict[str, dict[str, str]] = json.loads((root() / "current.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def stamp() -> int:
    """Changes whenever the pointer does."""
    try:
        return (root() / "current.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def key(tier: str, direction: str) -> str:
    """The name of one index: offers and requests of a tier are ranked among themselves."""
    return f"{tier}.{direction}"


def switch(tier: str, direction: str, parts: dict[str, str]) -> None:
    """Put parts in force (the builder holds the lock of `build`), and clear away what is long out of it."""
    now = {**pointer(), key(tier, direction): parts}
    target = root() / "current.json"
    part = target.with_suffix(".part")
    with part.open("w", encoding="utf-8") as stream:
        json.dump(now, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(target)
    _clear(now)


def _clear(now: dict[str, dict[str, str]]) -> None:
    used = {name for parts in now.values() for name in parts.values()}
    for folder in root().iterdir():
        if folder.is_dir() and folder.name not in used and time.time() - folder.stat().st_mtime > KEEP_S:
            shutil.rmtree(folder, ignore_errors=True)


def format_of(name: str) -> str:
    """How a part was written, and for which engine."""
    meta = json.loads((root() / name / "meta.json").read_text(encoding="utf-8"))
    return str(meta["format"])


def begin(name: str) -> Path:
    """The folder of a new part; nobody reads it before a pointer names it."""
    folder = root() / name
    folder.mkdir(parents=True)
    return folder


def write(
    name: str,
    engine: m.Index,
    facts: dict[str, NDArray[Any]],
    *,
    meta: dict[str, Any],
    sectors: dict[str, list[int]],
    statistics: bytes = b"",
    dead: list[int] | None = None,
) -> None:
    """Write a part into its folder, where its sentences are already. A base brings `statistics`, of which its centres are made; a tail has those of its base."""
    folder = root() / name
    for key in ENGINE:
        np.save(folder / f"{key}.npy", getattr(engine, key))
    for key in FACTS:
        np.save(folder / f"{key}.npy", facts[key])
    _write_words(folder / "sectors", sectors)
    _write_words(folder / "tokens", engine.postings)
    np.save(folder / "dead.npy", np.array(sorted(dead or []), np.int32))
    if statistics:
        (folder / "statistics.bin").write_bytes(statistics)
        _write_log(folder / "log", engine.log)
    learnt = engine.calibration
    calibration = {
        "same_factor": learnt.same_factor,
        "pairs": [[*pair, *numbers] for pair, numbers in sorted(learnt.pairs.items())],
    }
    meta = {**meta, "languages": list(engine.names), "calibration": calibration}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _write_words(stem: Path, postings: Mapping[str, Sequence[int] | NDArray[np.intp]]) -> None:
    names = sorted(postings)
    ends = np.cumsum([len(postings[name]) for name in names], dtype=np.int64)
    rows = np.array([row for name in names for row in postings[name]], np.intp)
    np.save(stem.with_suffix(".npy"), rows)
    stem.with_suffix(".json").write_text(json.dumps([names, ends.tolist()]), encoding="utf-8")


def _read_words(stem: Path) -> dict[str, NDArray[np.intp]]:
    names, ends = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    rows = _mapped(stem.with_suffix(".npy"))
    starts = [0, *ends][: len(ends)]
    return {name: rows[int(a) : int(b)] for name, a, b in zip(names, starts, ends, strict=True)}


def _write_log(stem: Path, log: Sequence[m.Query]) -> None:
    """The sample of questions hubness was measured with: rows that come later are measured with the same."""
    for key, size in (("e5", E5_DIMENSION), ("use", USE_DIMENSION)):
        none = np.zeros(size, np.float16)
        rows = [query.vectors.get(key, none) for query in log]
        np.save(stem.with_suffix(f".{key}.npy"), np.stack(rows) if rows else np.zeros((0, size), np.float16))
    stem.with_suffix(".json").write_text(json.dumps([query.language for query in log]), encoding="utf-8")


def _read_log(stem: Path) -> tuple[m.Query, ...]:
    languages = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    e5, use = np.load(stem.with_suffix(".e5.npy")), np.load(stem.with_suffix(".use.npy"))
    return tuple(
        m.Query(str(at), language, "", {"e5": e5[at], **({"use": use[at]} if np.any(use[at]) else {})})
        for at, language in enumerate(languages)
    )


def read(name: str, base: Part | None = None) -> Part:
    """Map a part into memory; a tail is scored as its `base` is.

    Raises FileNotFoundError when it is not (or no longer) there.
    """
    folder = root() / name
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    facts = {key: _mapped(folder / f"{key}.npy") for key in FACTS}
    ids = tuple(facts["ids"][row].tobytes().hex() for row in range(len(facts["ids"])))
    if base is None:
        centring = m.Statistics.from_bytes((folder / "statistics.bin").read_bytes()).centring()
        log = _read_log(folder / "log")
    else:
        centring, log = base.engine.centring, base.engine.log
    pairs = {(a, b): (shift, scale) for a, b, shift, scale in meta["calibration"]["pairs"]}
    engine = replace(
        m.Index.build([], centring, calibration=m.Calibration(pairs, meta["calibration"]["same_factor"])),
        ids=ids,
        names=tuple(meta["languages"]),
        postings=_read_words(folder / "tokens"),
        place={key: row for row, key in enumerate(ids)},
        log=log,
        e5=_mapped(folder / "e5.npy"),
        use=_mapped(folder / "use.npy"),
        use_share=_mapped(folder / "use_share.npy"),
        hubness=_mapped(folder / "hubness.npy"),
        codes=_mapped(folder / "codes.npy"),
    )
    # A part written by an earlier version has none; it is built anew as soon as the worker looks.
    within = SentenceFile(folder) if (folder / "sentences.json").exists() else ()
    return Part(
        name, engine, within, facts, meta, _read_words(folder / "sectors"), np.load(folder / "dead.npy")
    )


def _mapped(path: Path) -> NDArray[Any]:
    """Mapped where there is anything to map: an empty file cannot be."""
    array: NDArray[Any] = np.load(path, mmap_mode=None if path.stat().st_size < 4096 else "r")
    return array
