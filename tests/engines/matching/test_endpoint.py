"""Models behind an address, against a local server that speaks the protocol and misbehaves on demand."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from serai.engines.matching import Document, EncoderFailed, EncoderUnavailable, Hit, Query
from serai.engines.matching.endpoint import EndpointEncoder, EndpointReranker, read_model_file, rerank


class Server:
    """Answers /v1/embeddings with 3 numbers per text and /rerank with text lengths, or as `mood` says."""

    def __init__(self) -> None:
        self.mood, self.requests, self.failures_left = "", [], 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                status, answer = outer.answer(self.path, body)
                payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.release = threading.Event()
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if self.failures_left:
            self.failures_left -= 1
            return 503, b"busy"
        if self.mood == "slow":
            self.release.wait(5)
        if self.mood == "refuses":
            return 401, b"no key"
        if self.mood == "html":
            return 200, b"<html>"
        if path == "/rerank":
            return 200, {
                "results": [{"index": i, "relevance_score": len(t)} for i, t in enumerate(body["documents"])]
            }
        texts = body["input"]
        data = [{"index": i, "embedding": [float(len(t)), 1.0, 2.0]} for i, t in enumerate(texts)]
        if self.mood == "nan":
            data[-1]["embedding"] = [None, 1.0, 2.0]
        if self.mood == "wider":
            data = [{**d, "embedding": [1.0] * 5} for d in data]
        if self.mood == "ragged":
            data[0]["embedding"] = [1.0]
        if self.mood == "short":
            data = data[:-1]
        if self.mood == "backwards":
            data = data[::-1]
        if self.mood == "base64":
            data = [
                {**d, "embedding": base64.b64encode(np.array(d["embedding"], "<f4").tobytes()).decode()}
                for d in data
            ]
        if self.mood == "strange":
            return 200, {"vectors": []}
        return 200, {"data": data}


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.release.set()
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture
def encoder(server: Server) -> Iterator[EndpointEncoder]:
    with EndpointEncoder(
        server.url + "/v1",
        model="m",
        dimension=3,
        prefixes=("query: ", "passage: "),
        pause_s=0.01,
        timeout_s=5,
    ) as made:
        yield made


def test_texts_become_unit_vectors_with_the_prefix_of_their_role(
    server: Server, encoder: EndpointEncoder
) -> None:
    vectors = encoder.encode(["ab", "", "abcd"], "query")

    assert vectors.shape == (3, 3)
    assert np.linalg.norm(vectors.astype(float), axis=1) == pytest.approx([1, 0, 1], abs=1e-3)
    assert server.requests[-1]["input"] == ["query: ab", "query: abcd"]
    assert server.requests[-1]["model"] == "m"


@pytest.mark.parametrize("mood", ["backwards", "base64"])
def test_order_and_encoding_of_the_answer_do_not_matter(
    server: Server, encoder: EndpointEncoder, mood: str
) -> None:
    plain = encoder.encode(["a", "bbb"], "passage")
    server.mood = mood

    assert np.array_equal(encoder.encode(["a", "bbb"], "passage"), plain)


@pytest.mark.parametrize(
    ("mood", "message"),
    [
        ("wider", "changed its dimension from 3 to 5"),
        ("ragged", "different lengths"),
        ("short", "for 1 texts, not for the 2"),
        ("refuses", "status 401"),
        ("html", "not answer in JSON"),
        ("strange", "not in the embeddings protocol"),
    ],
)
def test_nonsense_is_an_error_that_says_what_is_wrong(
    server: Server, encoder: EndpointEncoder, mood: str, message: str
) -> None:
    server.mood = mood

    with pytest.raises(EncoderFailed, match=message):
        encoder.encode(["a", "b"], "query")


def test_number_that_is_not_finite_names_the_text(server: Server, encoder: EndpointEncoder) -> None:
    server.mood = "nan"

    with pytest.raises(EncoderFailed, match="not finite") as caught:
        encoder.encode(["", "a", "b"], "query")

    assert caught.value.position == 2


def test_busy_server_is_asked_again(server: Server, encoder: EndpointEncoder) -> None:
    server.failures_left = 2

    assert encoder.encode(["a"], "query").shape == (1, 3)


def test_server_busy_for_too_long_is_unavailable(server: Server, encoder: EndpointEncoder) -> None:
    server.failures_left = 3

    with pytest.raises(EncoderUnavailable, match="status 503"):
        encoder.encode(["a"], "query")


def test_slow_server_is_unavailable(server: Server) -> None:
    server.mood = "slow"
    with (
        EndpointEncoder(server.url, dimension=3, timeout_s=0.05, tries=1) as encoder,
        pytest.raises(EncoderUnavailable),
    ):
        encoder.encode(["a"], "query")


def test_server_that_is_down_is_unavailable() -> None:
    with (
        EndpointEncoder("http://127.0.0.1:9", dimension=3, tries=1) as encoder,
        pytest.raises(EncoderUnavailable, match="cannot be reached"),
    ):
        encoder.encode(["a"], "query")


def test_dimension_is_learnt_from_the_first_answer(server: Server) -> None:
    with EndpointEncoder(server.url) as encoder:
        assert encoder.info.dimension == 3


def test_model_file_is_read_and_checked(tmp_path: Path, server: Server) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"url": server.url, "model": "m", "prefixes": ["q: ", "p: "]}))
    bad.write_text('{"address": "x"}')

    with read_model_file(good) as encoder:
        encoder.encode(["a"], "query")
    with pytest.raises(ValueError, match="must be an object with url"):
        read_model_file(bad)

    assert server.requests[-1]["input"] == ["q: a"]


HITS = (Hit("a", 0.9, {"meaning": 0.9}), Hit("b", 0.8, {"meaning": 0.8}), Hit("c", 0.1, {"meaning": 0.1}))
TEXTS = {key: Document(key, "en", text) for key, text in {"a": "x", "b": "xxxxxx", "c": "xx"}.items()}


def test_cross_encoder_moves_the_head_and_terms_still_add_up(server: Server) -> None:
    with httpx.Client() as client:
        moved = rerank(
            Query("q", "en", "?"), HITS, TEXTS, EndpointReranker(server.url, client=client), top=2, weight=2.0
        )

    assert [h.id for h in moved] == ["b", "a", "c"]
    assert all(h.score == pytest.approx(sum(h.terms.values())) for h in moved)


def test_cross_encoder_that_answers_nonsense_is_an_error(server: Server) -> None:
    server.mood = "strange"
    with httpx.Client() as client, pytest.raises(EncoderFailed):
        EndpointReranker(server.url + "/wrong", client=client).scores("q", ["a"])
