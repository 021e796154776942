"""The files of an index version, and the pointer that says which version is in force.

    SERAI_HOME/index/current.json          {"public": {"base": "…", "tail": "…"}, "network": {…}}
    SERAI_HOME/index/<version>/e5.npy …    one folder a part: a large base, a small tail of what changed since

A part is written whole into a folder of its own, then the pointer is replaced by a rename: a reader sees the
old version or the new one. Old folders go once nobody can begin to read them.
"""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

ARRAYS = (
    "ids",
    "e5",
    "use",
    "in_use",
    "hub",
    "direction",
    "kind",
    "country",
    "trl",
    "language",
    "partnerships",
)
KEEP_S = 600.0
"""A folder no pointer names any more is kept this long for readers that are about to open it."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of an index. `arrays` are mapped files with one row a listing; `meta` says what they were made of.

    `meta`: "languages" and "countries" (what the codes mean), "built_at" (ISO time before which changes are
    in), "centring" (version). `sectors` and `tokens` map a word to row numbers; `dead` are row numbers of the
    base this part stands beside that no longer count.
    """

    name: str
    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    sectors: dict[str, NDArray[np.int32]]
    tokens: dict[str, NDArray[np.int32]]
    dead: NDArray[np.int32]
    statistics: bytes

    def __len__(self) -> int:
        return len(self.arrays["ids"])


def root() -> Path:
    return Path(settings.CONFIG.home) / "index"


def pointer() -> dict[str, dict[str, str]]:
    """Which parts are in force, by tier; empty before the first build."""
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


def switch(tier: str, parts: dict[str, str]) -> None:
    """Put parts in force (the builder holds the lock of `build`), and clear away what is long out of it."""
    now = {**pointer(), tier: parts}
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


def write(
    name: str,
    arrays: dict[str, NDArray[Any]],
    *,
    meta: dict[str, Any],
    sectors: dict[str, list[int]],
    tokens: dict[str, list[int]],
    statistics: bytes,
    dead: list[int] | None = None,
) -> None:
    """Write a part. Arrays already mapped inside the folder (`memory`) are left as they are."""
    folder = root() / name
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in arrays.items():
        if not isinstance(array, np.memmap):
            np.save(folder / f"{key}.npy", array)
    _write_words(folder / "sectors", sectors)
    _write_words(folder / "tokens", tokens)
    np.save(folder / "dead.npy", np.array(sorted(dead or []), np.int32))
    (folder / "statistics.bin").write_bytes(statistics)
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def memory(name: str, key: str, shape: tuple[int, int]) -> np.memmap[Any, Any]:
    """A float32 array of a part to be filled in place: a large index is never whole in a process's memory."""
    folder = root() / name
    folder.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(folder / f"{key}.npy", mode="w+", dtype=np.float32, shape=shape)


def _write_words(stem: Path, postings: dict[str, list[int]]) -> None:
    names = sorted(postings)
    ends = (
        np.cumsum([len(postings[name]) for name in names], dtype=np.int64) if names else np.zeros(0, np.int64)
    )
    rows = np.array([row for name in names for row in postings[name]], np.int32)
    np.save(stem.with_suffix(".npy"), rows)
    stem.with_suffix(".json").write_text(json.dumps([names, ends.tolist()]), encoding="utf-8")


def _read_words(stem: Path) -> dict[str, NDArray[np.int32]]:
    names, ends = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    rows = np.load(stem.with_suffix(".npy"), mmap_mode="r") if names else np.zeros(0, np.int32)
    starts = [0, *ends][: len(ends)]
    return {name: rows[a:b] for name, a, b in zip(names, starts, ends, strict=True)}


def read(name: str) -> Part:
    """Map a part into memory. Raises FileNotFoundError when it is not (or no longer) there."""
    folder = root() / name
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    arrays = {key: _mapped(folder / f"{key}.npy") for key in ARRAYS}
    return Part(
        name,
        arrays,
        meta,
        _read_words(folder / "sectors"),
        _read_words(folder / "tokens"),
        np.load(folder / "dead.npy"),
        (folder / "statistics.bin").read_bytes(),
    )


def _mapped(path: Path) -> NDArray[Any]:
    """Mapped where there is anything to map: an empty file cannot be."""
    array: NDArray[Any] = np.load(path, mmap_mode=None if path.stat().st_size < 4096 else "r")
    return array
