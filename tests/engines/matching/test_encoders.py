"""The encoders in their own processes. The slow ones load the real models; the others a stand-in."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from serai.engines.matching import (
    EncoderFailed,
    EncoderProcess,
    EncoderUnavailable,
    Matcher,
    encoders,
    score_pair,
)
from serai.engines.matching.encoders import ModelInfo, checked
from serai.engines.matching.store import StoredEncoder, VectorStore

WORKER = """
import json, os, sys, time
import numpy as np
from serai.engines.matching.encoders import receive, send
out = sys.stdout.buffer
send(out, b"ready")
while True:
    try:
        request = json.loads(receive(sys.stdin.buffer))
    except EOFError:
        break
    texts = request["texts"]
    if any("die" in t for t in texts):
        os._exit(11)
    if any("hang" in t for t in texts):
        time.sleep(60)
    if "slow" in texts:
        time.sleep(4)
    if "wait" in texts and not os.path.exists(sys.argv[0] + ".waited"):
        open(sys.argv[0] + ".waited", "w").close()
        time.sleep(60)
    if any("nan" in t for t in texts):
        rows = np.full((len(texts), 384), np.nan, np.float16)
    else:
        rows = np.zeros((len(texts), 384), np.float16)
        rows[:, 0] = [len(t) for t in texts]
        rows[:, 1] = os.getpid() % 7 + 1
    send(out, b"V" + rows.tobytes())
"""


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EncoderProcess:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    monkeypatch.setattr(encoders, "worker_command", lambda *_: [sys.executable, str(script)])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return EncoderProcess("e5", text_limit_s=1, start_limit_s=60)


def test_nothing_runs_before_the_first_text(process: EncoderProcess) -> None:
    assert process.pid is None
    with process:
        process.encode(["a"], "query")
        assert process.pid is not None
    assert process.pid is None


def test_texts_without_letters_are_zeros_and_start_nothing(process: EncoderProcess) -> None:
    assert not process.encode(["", "…", "\x00"], "query").any()
    assert process.pid is None


def test_killed_worker_costs_a_retry_and_nothing_else(process: EncoderProcess) -> None:
    with process:
        process.encode(["abc"], "query")
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)

        assert process.encode(["abc", "d"], "query").shape == (2, 384)
        assert process.deaths == 1


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_worker_killed_or_stopped_in_the_middle_is_replaced_and_said(
    process: EncoderProcess, caplog: pytest.LogCaptureFixture, fault: signal.Signals
) -> None:
    process._text_limit_s = 20
    started = time.monotonic()
    with process:
        process.encode(["a"], "query")
        assert process.pid is not None
        later = threading.Timer(0.3, os.kill, [process.pid, fault])
        later.start()

        assert process.encode(["wait", "b"], "query").any(axis=1).all()

        later.join()
        assert process.deaths == 1
    assert time.monotonic() - started < 500
    assert "The process of the encoder e5 is given up" in caplog.text


def test_worker_that_is_slow_but_works_is_waited_for(
    process: EncoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with process:
        process.encode(["a"], "query")
        used = iter(range(1000))
        monkeypatch.setattr(encoders, "_processor_s", lambda _pid: next(used) * 0.01)

        assert process.encode(["slow"], "query").any()

        assert process.deaths == 0


def test_worker_that_turns_in_circles_is_given_up_by_its_processor_time(
    process: EncoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with process:
        process.encode(["a"], "query")
        used = iter(range(1000))
        monkeypatch.setattr(encoders, "_processor_s", lambda _pid: next(used) * 10.0)

        with pytest.raises(EncoderFailed, match="no answer in time"):
            process.encode(["slow"], "query")


def test_batch_larger_than_a_pipe_does_not_wait_for_a_stopped_worker(process: EncoderProcess) -> None:
    process._text_limit_s = 20
    started = time.monotonic()
    with process:
        process.encode(["a"], "query")
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)

        assert process.encode(["word " * 1000] * 64, "query").any(axis=1).all()

        assert process.deaths == 1
    assert time.monotonic() - started < 500


@pytest.mark.parametrize("poison", ["please die", "hang", "nan"])
def test_text_that_kills_hangs_or_spoils_the_worker_is_named(process: EncoderProcess, poison: str) -> None:
    with process:
        with pytest.raises(EncoderFailed) as caught:
            process.encode(["", "a", poison, "b"], "query")

        assert caught.value.position == 2
        assert process.encode(["a"], "query").any()


def test_worker_that_does_not_start_is_unavailable(
    process: EncoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "worker_command", lambda *_: [sys.executable, "-c", "raise SystemExit(3)"])

    with process, pytest.raises(EncoderUnavailable, match="does not start"):
        process.encode(["a"], "query")


def test_unknown_encoder_is_an_error() -> None:
    with pytest.raises(ValueError, match="no bundled encoder 'bert'"):
        EncoderProcess("bert")


def test_wrong_shape_is_refused() -> None:
    with pytest.raises(EncoderFailed, match="shape"):
        checked(np.zeros((2, 3)), 2, 4)


class Counting:
    info = ModelInfo("e5", "counting-1", 2, "none", "")

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], role: str) -> np.ndarray:
        if "bad" in texts:
            raise EncoderFailed("bad", 0)
        self.seen += texts
        return np.array([[len(t), 1] for t in texts], np.float16)


def test_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serai.engines.matching.store.BLOCK", 2)
    counting, progress = Counting(), []
    with VectorStore(tmp_path / "v.sqlite") as store, pytest.raises(EncoderFailed):
        StoredEncoder(counting, store).encode(["a", "bb", "bad"], "query")
    with VectorStore(tmp_path / "v.sqlite") as store:
        stored = StoredEncoder(counting, store, lambda done, total: progress.append((done, total)))
        vectors = stored.encode(["a", "bb", "ccc", "a"], "query")

    assert counting.seen == ["a", "bb", "ccc"]
    assert vectors[:, 0].tolist() == [1, 2, 3, 1]
    assert progress == [(1, 1)]


class Picky(Counting):
    """Knows German only, and cannot take one word."""

    info = ModelInfo("use", "picky", 2, "none", "", frozenset({"de"}))

    def encode(self, texts: Sequence[str], role: str) -> np.ndarray:
        for at, text in enumerate(texts):
            if "bad" in text:
                raise EncoderFailed("bad", at)
        return super().encode(texts, role)


def test_text_at_fault_is_named_by_its_place_among_all_texts() -> None:
    matcher = Matcher({"e5": Counting(), "use": Picky()})
    languages = ["en", "de", "en", "de"]

    with pytest.raises(EncoderFailed) as whole:
        matcher.vectors(["a", "b", "c", "so bad"], languages, "passage")
    with pytest.raises(EncoderFailed) as sentence:
        matcher.sentence_vectors(["A. B.", "C. D.", "E. F.", "G. So bad. H."], languages, "passage")

    assert (whole.value.position, sentence.value.position) == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["e5", "use"])
def test_real_encoders_survive_anything(key: str) -> None:
    random = np.random.default_rng(0)
    texts = [
        "",
        "a",
        "x" * 1_000_000,
        "\x00\x01\u202e",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🏳️‍🌈",
        "ﷺ" * 300,
        "\ud800",
        "a\u0300" * 2000,
        "0" * 5000,
    ]
    texts += [
        "".join(chr(c) for c in random.integers(1, 0x10FFFF, 200) if not 0xD800 <= c < 0xE000)
        for _ in range(30)
    ]
    texts += [" ".join(random.choice(["ไทย", "中文", "abc", "عربي", "123", "–"], 40)) for _ in range(10)]

    with EncoderProcess(key, text_limit_s=60) as process:
        vectors = process.encode(texts, "passage")

        assert process.deaths == 0
    assert np.isfinite(vectors.astype(float)).all()
    norms = np.linalg.norm(vectors.astype(float), axis=1)
    assert all(n == 0 or n == pytest.approx(1, abs=1e-2) for n in norms)
    assert norms[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("key", ["e5", "use"])
def test_identical_texts_have_identical_vectors_in_one_batch(key: str) -> None:
    texts = [
        "Eine Membran für Abwasser.",
        "水处理膜",
        "🧪 12 kW",
        "a \u202eb\u202c c",
        "Eine Membran für Abwasser.",
    ]

    with EncoderProcess(key) as process:
        vectors = process.encode(texts * 7, "passage")

    assert all(np.array_equal(vectors[i], vectors[i % 5]) for i in range(35))
    assert np.array_equal(vectors[0], vectors[4])


@pytest.mark.slow
def test_translation_is_nearer_than_another_topic_in_the_same_language() -> None:
    matcher = Matcher()
    try:
        documents = matcher.documents(
            [
                ("right", "Anlage zur Entsalzung von Brackwasser mit Solarstrom für kleine Dörfer.", "de"),
                ("wrong", "Software for planning school timetables in large cities.", "en"),
            ]
        )
        (query,) = matcher.queries(
            [("q", "We need solar desalination of brackish water for villages.", None)]
        )
        index = matcher.index([])
        scores = {d.id: score_pair(query, d, index).score for d in documents}
        reasons = matcher.explain(query, documents[0], index)
    finally:
        matcher.close()

    assert scores["right"] > scores["wrong"] + 0.2
    assert reasons.languages == ("en", "de")
    assert any(code.startswith("sdg:6.") for code, _ in reasons.topics)
    assert reasons.pairs[0].document.of(documents[0].text).startswith("Anlage")
    assert sum(reasons.terms.values()) == pytest.approx(reasons.score)
