"""Vectors kept on disk, so that long encoding can stop at any moment and go on where it was.

A row is keyed by model id, role and the SHA-256 of the text: another model version or another text never meets an old
vector. Used by the command line, the benchmark and batch runs; the platform keeps its vectors in its own database.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from serai.engines.matching.encoders import Encoder, ModelInfo
from serai.engines.matching.types import Role, Vector

BLOCK = 128


class VectorStore:
    """One SQLite file of vectors."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
        )

    def get(self, key: bytes) -> bytes | None:
        row = self._db.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> VectorStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def key_of(info: ModelInfo, role: Role, text: str) -> bytes:
    return hashlib.sha256(f"{info.id}\0{role}\0{text}".encode("utf-8", "surrogatepass")).digest()


class StoredEncoder:
    """An encoder that asks the store first and saves after every block of 128 texts."""

    def __init__(
        self, encoder: Encoder, store: VectorStore, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._encoder, self._store, self._progress = encoder, store, progress

    @property
    def info(self) -> ModelInfo:
        return self._encoder.info

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        info = self.info
        out = np.zeros((len(texts), info.dimension), np.float16)
        keys = [key_of(info, role, t) for t in texts]
        missing: dict[bytes, list[int]] = {}
        for i, key in enumerate(keys):
            found = self._store.get(key)
            if found is None:
                missing.setdefault(key, []).append(i)
            else:
                out[i] = np.frombuffer(found, np.float16)
        todo = list(missing.values())
        for start in range(0, len(todo), BLOCK):
            block = todo[start : start + BLOCK]
            vectors = self._encoder.encode([texts[rows[0]] for rows in block], role)
            self._store.put([(keys[rows[0]], v.tobytes()) for rows, v in zip(block, vectors, strict=True)])
            for rows, vector in zip(block, vectors, strict=True):
                out[rows] = vector
            if self._progress is not None:
                self._progress(min(start + BLOCK, len(todo)), len(todo))
        return out


class Remembering:
    """An encoder that keeps the vectors of the last `size` texts: sentences of popular documents are encoded once."""

    def __init__(self, encoder: Encoder, size: int = 20_000) -> None:
        self._encoder, self._size = encoder, size
        self._kept: OrderedDict[tuple[Role, str], Vector] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        return self._encoder.info

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        with self._lock:
            known = {t: self._kept[(role, t)] for t in texts if (role, t) in self._kept}
        missing = sorted({t for t in texts if t not in known})
        fresh = dict(zip(missing, self._encoder.encode(missing, role), strict=True)) if missing else {}
        with self._lock:
            for text, vector in fresh.items():
                self._kept[(role, text)] = vector
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        found = known | fresh
        return (
            np.stack([found[t] for t in texts]) if texts else np.zeros((0, self.info.dimension), np.float16)
        )
