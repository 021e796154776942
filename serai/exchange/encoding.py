"""The encoders of this process: one pair, each in a process of its own.

Decided in docs/adr/0031-search-index-in-files.md: every web process has its own pair, the worker a patient one.
"""

import threading
import time
from functools import cache
from typing import Any

from serai.engines import matching as m

_lock = threading.Lock()
_matcher: m.Matcher | None = None

WARM_AFTER_S = 2.0
"""A web process answers its first pages before it loads its encoders, which takes the processor for seconds."""

QUERY_LIMIT_S = 8.0
"""A query is encoded in some 50 ms; an encoder that stands still this long is replaced, and asked again."""

START_LIMIT_S = 40.0


def matcher() -> m.Matcher:
    """The matcher of this process, made once."""
    global _matcher
    with _lock:
        if _matcher is None:
            _matcher = m.Matcher(_pair(text_limit_s=QUERY_LIMIT_S, start_limit_s=START_LIMIT_S))
        return _matcher


@cache
def patient() -> m.Matcher:
    """For jobs: its processes give way to everything a person waits for."""
    return m.Matcher(_pair(nice=10))


def _pair(**settings: Any) -> dict[str, m.Encoder]:
    """The installed encoders. E5 must be among them: every listing has its vectors. Raises EncoderUnavailable."""
    keys = m.installed()
    if "e5" not in keys:
        m.e5_info()
    return {key: m.EncoderProcess(key, **settings) for key in keys}


def warm(after_s: float = 0.0) -> None:
    """Begin to load the encoders, perhaps a little later, if this has not been done; whoever calls does not wait."""
    _warming(after_s)


@cache
def _warming(after_s: float) -> threading.Thread:
    thread = threading.Thread(target=_warm, args=[after_s], name="encoders", daemon=True)
    thread.start()
    return thread


def _warm(after_s: float) -> None:
    time.sleep(after_s)
    m.detect("The first text of all loads the models of languages.")
    try:
        matcher().vectors(["warm"], ["en"], "query")
    except m.MatchingError:  # the search that needs them will say so
        return


@cache
def model_ids() -> str:
    """What stands beside every stored vector."""
    infos = {"e5": m.e5_info, "use": m.use_info}
    return " ".join(infos[key]().id for key in m.installed())
