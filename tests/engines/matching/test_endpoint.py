"""Models behind an address, against a local server that speaks the protocol and misbehaves on demand."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from serai.engines.matching import EncoderFailed, EncoderUnavailable, Hit, Query, endpoint
from serai.engines.matching.encoders import checked
from serai.engines.matching.endpoint import EndpointEncoder, EndpointReranker, read_model_file, rerank
from serai.engines.matching.store import StoredEncoder, VectorStore

NUMBERS: dict[str, Any] = {"infinite": float("inf"), "too large": 1e39, "words": "a lot", "endless": 10**400}
RERANKER_MOODS: dict[str, Any] = {
    "nan": lambda scores: scores[0].update(relevance_score=float("nan")),
    "none": lambda scores: scores[0].update(relevance_score=None),
    "vast": lambda scores: scores[0].update(relevance_score=1e300),
    "few": lambda scores: scores.pop(),
    "twice": lambda scores: scores.append(dict(scores[0])),
    "words": lambda scores: scores.__setitem__(0, "best"),
}


class Server:
    """Answers /v1/embeddings with 3 numbers per text and /rerank with text lengths, or as `mood` says."""

    def __init__(self) -> None:
        self.mood, self.requests, self.failures_left = "", [], 0
        self.keys: list[str | None] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                outer.keys.append(self.headers["Authorization"])
                status, answer = outer.answer(self.path, body)
                payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                if outer.mood == "trickle":
                    for byte in payload:
                        self.wfile.write(bytes([byte]))
                        if outer.release.wait(0.05):
                            return
                try:
                    self.wfile.write(payload)
                except OSError:  # the other side had enough
                    return

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.release = threading.Event()
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if self.failures_left:
            self.failures_left -= 1
            return (429 if "Retry-After" in self.headers else 503), b"busy"
        if self.mood == "slow":
            self.release.wait(5)
        if self.mood == "refuses":
            return 401, f"{self.keys[-1]} is not a key".encode()
        if self.mood == "sends elsewhere":
            return 307, b""
        if self.mood == "huge":
            return 200, b"[" + b" " * 3_000_000
        if self.mood == "deep":
            return 200, b"[" * 200_000
        if self.mood == "html":
            return 200, b"<html>"
        if path == "/rerank":
            scores: list[Any] = [
                {"index": i, "relevance_score": len(t)} for i, t in enumerate(body["documents"])
            ]
            if self.mood in RERANKER_MOODS:
                RERANKER_MOODS[self.mood](scores)
            return 200, {"results": scores}
        texts = body["input"]
        data = [{"index": i, "embedding": [float(len(t)), 1.0, 2.0]} for i, t in enumerate(texts)]
        if self.mood == "nan":
            data[-1]["embedding"] = [None, 1.0, 2.0]
        if self.mood in NUMBERS:
            data[-1]["embedding"] = [NUMBERS[self.mood], 1.0, 2.0]
        if self.mood == "zeros":
            data[-1]["embedding"] = [0.0, 0.0, 0.0]
        if self.mood == "twice":
            data[-1]["index"] = 0
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
        ("twice", "not in the embeddings protocol|for 2 texts"),
        ("words", "not in the embeddings protocol"),
        ("endless", "not in the embeddings protocol"),
        ("infinite", "not finite"),
        ("too large", "not finite"),
        ("zeros", "nothing but zeros"),
        ("deep", "not answer in JSON"),
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


def test_very_large_numbers_keep_their_direction() -> None:
    assert checked(np.array([[3e30, 4e30]]), 1, 2)[0].tolist() == pytest.approx([0.6, 0.8], abs=1e-3)


def test_answer_without_end_is_cut_off(
    server: Server, encoder: EndpointEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "LARGEST", 1 << 20)
    server.mood = "huge"

    with pytest.raises(EncoderFailed, match="larger than 1 MB"):
        encoder.encode(["a"], "query")


def test_answer_that_trickles_is_too_slow_as_a_whole(server: Server) -> None:
    server.mood = "trickle"
    with (
        EndpointEncoder(server.url, dimension=3, timeout_s=0.3, tries=1) as encoder,
        pytest.raises(EncoderUnavailable, match="too long"),
    ):
        encoder.encode(["a"], "query")


@pytest.mark.parametrize("follows", [False, True])
def test_redirect_is_not_followed_and_takes_no_text_and_no_key_along(server: Server, follows: bool) -> None:
    other = Server()
    server.mood, server.headers = "sends elsewhere", {"Location": f"{other.url}/v1/embeddings"}
    try:
        with (
            httpx.Client(follow_redirects=follows) as client,
            pytest.raises(EncoderFailed, match="sends elsewhere") as caught,
        ):
            EndpointEncoder(server.url, dimension=3, token=KEY, client=client).encode(["a"], "query")

        assert other.requests == []
        assert other.url not in str(caught.value)
    finally:
        other.http.shutdown()
        other.http.server_close()


KEY = "sk-very-secret"


@pytest.mark.parametrize("mood", ["refuses", "html", "sends elsewhere", "busy", "strange"])
def test_no_message_holds_the_key(server: Server, mood: str) -> None:
    server.mood, server.headers = mood, {"Location": f"{server.url}/?key={KEY}"}
    server.failures_left = 9 if mood == "busy" else 0
    address = server.url.replace("//", f"//user:{KEY}@") + f"/v1/embeddings?key={KEY}"
    address = address if mood == "busy" else server.url
    with EndpointEncoder(address, dimension=3, token=KEY, tries=1) as encoder:
        with pytest.raises(EncoderFailed) as caught:
            encoder.encode(["a"], "query")

        said = f"{caught.value} {encoder.info} {encoder} {vars(encoder)}"
    assert KEY not in said
    assert mood == "busy" or server.keys[-1] == f"Bearer {KEY}"


def test_key_that_cannot_be_sent_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="characters that no key has") as caught:
        EndpointEncoder("http://127.0.0.1:9", token="sk-\nsecret")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/v1", "", "127.0.0.1:1"])
def test_what_is_no_address_is_said(address: str) -> None:
    with EndpointEncoder(address, dimension=3) as encoder, pytest.raises(EncoderFailed, match="not an http"):
        encoder.encode(["a"], "query")


def test_pause_the_server_asks_for_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(endpoint.time, "sleep", slept.append)
    server.failures_left, server.headers = 2, {"Retry-After": "7"}

    with EndpointEncoder(server.url, dimension=3, pause_s=0.01) as encoder:
        assert encoder.encode(["a"], "query").any()

    assert slept == [7.0, 7.0]


def test_server_that_asks_for_an_hour_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(endpoint.time, "sleep", slept.append)
    server.failures_left, server.headers = 9, {"Retry-After": format_datetime(soon(hours=1))}

    with (
        EndpointEncoder(server.url, dimension=3, pause_s=0.01) as encoder,
        pytest.raises(EncoderUnavailable, match=r"after 1 tries \(status 429, asks to wait 3[56]\d\d s"),
    ):
        encoder.encode(["a"], "query")
    assert slept == []


def soon(*, hours: int) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def test_vectors_kept_from_another_model_of_that_name_are_not_used(tmp_path: Path, server: Server) -> None:
    with VectorStore(tmp_path / "v.sqlite") as store:
        with EndpointEncoder(server.url, model="m") as encoder:
            StoredEncoder(encoder, store).encode(["a"], "query")
        server.mood = "wider"
        with EndpointEncoder(server.url, model="m") as encoder:
            assert StoredEncoder(encoder, store).encode(["a", "b"], "query").shape == (2, 5)


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


def test_key_is_read_from_the_environment(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.json"
    file.write_text(json.dumps({"url": server.url, "dimension": 3, "token_env": "SERAI_TEST_KEY"}))

    with pytest.raises(ValueError, match="environment variable SERAI_TEST_KEY, which is not set"):
        read_model_file(file)
    monkeypatch.setenv("SERAI_TEST_KEY", KEY)
    with read_model_file(file) as encoder:
        encoder.encode(["a"], "query")

    assert server.keys == [f"Bearer {KEY}"]


HITS = (Hit("a", 0.9, {"meaning": 0.9}), Hit("b", 0.8, {"meaning": 0.8}), Hit("c", 0.1, {"meaning": 0.1}))
TEXTS = {"a": "x", "b": "xxxxxx", "c": "xx"}


def test_cross_encoder_moves_the_head_and_terms_still_add_up(server: Server) -> None:
    with httpx.Client() as client:
        moved = rerank(
            Query("q", "en", "?"), HITS, TEXTS, EndpointReranker(server.url, client=client), top=2, weight=2.0
        )

    assert [h.id for h in moved] == ["b", "a", "c"]
    assert all(h.score == pytest.approx(sum(h.terms.values())) for h in moved)


@pytest.mark.parametrize("mood", sorted(RERANKER_MOODS))
def test_cross_encoder_whose_scores_are_nonsense_is_an_error(server: Server, mood: str) -> None:
    server.mood = mood
    with EndpointReranker(server.url) as reranker, pytest.raises(EncoderFailed):
        reranker.scores("q", ["a", "bb"])


def test_cross_encoder_that_is_busy_is_asked_again_and_gets_the_key(server: Server) -> None:
    server.failures_left = 1
    with EndpointReranker(server.url, token=KEY, pause_s=0.01) as reranker:
        assert reranker.scores("q", ["a", "bb"]) == [1.0, 2.0]

    assert server.keys[-1] == f"Bearer {KEY}"


def test_cross_encoder_that_answers_nonsense_is_an_error(server: Server) -> None:
    server.mood = "strange"
    with httpx.Client() as client, pytest.raises(EncoderFailed):
        EndpointReranker(server.url + "/wrong", client=client).scores("q", ["a"])
