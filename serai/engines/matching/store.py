"""Vectors kept on disk.

`VectorStore` lets long encoding stop at any moment and go on where it was. A row is keyed by model id, role and the
SHA-256 of the text: another model version or another text never meets an old vector. Used by the command line, the
benchmark and batch runs; the platform keeps its vectors in its own database.

`SentenceFile` holds the vectors of the sentences of many documents beside an index.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, overload

import numpy as np

from serai.engines.matching.encoders import Encoder, ModelInfo
from serai.engines.matching.types import Role, Vector

BLOCK = 128
_HALF = np.dtype("<f2")


class VectorStore:
    """One SQLite file of vectors. Raises sqlite3.Error when the file is no database or cannot be written."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path)
        try:
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.Error:
            self._db.close()
            raise

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
            # An endpoint may be given another model under the same name: its vectors have another length.
            if found is None or len(found) != info.dimension * _HALF.itemsize:
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


class SentenceWriter:
    """Writes a `SentenceFile` one document after the other, so that no more than one is held in memory.

    `dimensions` maps each model key to the width of its vectors. Use as a context manager: the file can be read
    once it is closed without an error.
    """

    def __init__(self, folder: Path, dimensions: Mapping[str, int]) -> None:
        self._folder, self._dimensions = folder, dict(dimensions)
        self._files = ExitStack()
        self._streams: dict[str, IO[bytes]] = {
            key: self._files.enter_context((folder / f"sentences.{key}.f16").open("wb")) for key in dimensions
        }
        self._counts: dict[str, list[int]] = {key: [] for key in dimensions}

    def add(self, vectors: Mapping[str, Vector | bytes]) -> None:
        """The next document's sentences: float16 [n, d] by model, or the same as little-endian bytes.

        A model left out has none. Raises ValueError when something is not in whole rows.
        """
        for key, dimension in self._dimensions.items():
            found = vectors.get(key, b"")
            data = found if isinstance(found, bytes) else np.ascontiguousarray(found, _HALF).tobytes()
            many, rest = divmod(len(data), dimension * _HALF.itemsize)
            if rest:
                raise ValueError(f"Sentence vectors of {key!r} are not rows of {dimension} numbers.")
            self._streams[key].write(data)
            self._counts[key].append(many)

    def __enter__(self) -> SentenceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
        if error is None:
            ends = [np.cumsum(self._counts[key], dtype=np.int64) for key in self._dimensions]
            np.save(self._folder / "sentences.ends.npy", np.array(ends, np.int64))
            (self._folder / "sentences.json").write_text(json.dumps(self._dimensions), "utf-8")


class SentenceFile(Sequence[Mapping[str, Vector]]):
    """For each document its `Document.sentences`, read from the files when asked for.

    The files are read, not mapped: a mapped one counts as memory with the pages around whatever was looked at
    (measured: 455 MB after 15 searches among 100,000 documents), what is read is as large as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.dimensions: dict[str, int] = json.loads((folder / "sentences.json").read_text("utf-8"))
        ends: np.ndarray = np.load(folder / "sentences.ends.npy")
        self._ends = dict(zip(self.dimensions, ends, strict=True))
        self._count = int(ends.shape[1])
        self._files: dict[str, int] = {}
        for key in self.dimensions:
            self._files[key] = os.open(folder / f"sentences.{key}.f16", os.O_RDONLY)
            weakref.finalize(self, os.close, self._files[key])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Mapping[str, Vector]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Mapping[str, Vector]]: ...
    def __getitem__(self, at: int | slice) -> Mapping[str, Vector] | Sequence[Mapping[str, Vector]]:
        if isinstance(at, slice):
            return [_OfDocument(self, i) for i in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        return _OfDocument(self, at)

    def __reduce__(self) -> tuple[type[SentenceFile], tuple[Path]]:
        return SentenceFile, (self._folder,)

    def rows(self, key: str, at: int) -> tuple[int, int]:
        """First row of a document's sentences in the file of a model, and how many. Raises KeyError."""
        ends = self._ends[key]
        start = int(ends[at - 1]) if at else 0
        return start, int(ends[at]) - start

    def read(self, key: str, at: int) -> Vector:
        """The vectors of a document's sentences, float16 [n, d]. Raises KeyError for a model the file has none of."""
        start, many = self.rows(key, at)
        width = self.dimensions[key] * _HALF.itemsize
        data = os.pread(self._files[key], many * width, start * width)
        return np.frombuffer(data, _HALF).reshape(many, self.dimensions[key])


class _OfDocument(Mapping[str, Vector]):
    """The sentences of one document by model, as far as it has any."""

    __slots__ = ("_at", "_file")

    def __init__(self, file: SentenceFile, at: int) -> None:
        self._file, self._at = file, at

    def __getitem__(self, key: str) -> Vector:
        if key not in self:
            raise KeyError(key)
        return self._file.read(key, self._at)

    def __contains__(self, key: object) -> bool:
        return key in self._file.dimensions and self._file.rows(str(key), self._at)[1] > 0

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._file.dimensions if key in self)

    def __len__(self) -> int:
        return sum(1 for _key in self)
