"""The encoders of this process: one pair, started at first use, each in a process of its own.

Decided in docs/adr/0031-search-index-in-files.md: every web process has its own pair, the worker a patient one.
"""

import threading
from functools import cache

from serai.engines import matching as m

_lock = threading.Lock()
_matcher: m.Matcher | None = None


def matcher() -> m.Matcher:
    """The matcher of this process, made once."""
    global _matcher
    with _lock:
        if _matcher is None:
            _matcher = m.Matcher()
        return _matcher


@cache
def patient() -> m.Matcher:
    """For jobs: its processes give way to everything a person waits for."""
    return m.Matcher({"e5": m.EncoderProcess("e5", nice=10), "use": m.EncoderProcess("use", nice=10)})


@cache
def _warming() -> threading.Thread:
    thread = threading.Thread(target=_warm, name="encoders", daemon=True)
    thread.start()
    return thread


def warm() -> None:
    """Begin to load the encoders if nobody has yet; the page that calls this does not wait."""
    if _matcher is None:
        _warming()


def _warm() -> None:
    try:
        matcher().vectors(["."], ["en"], "query")
        matcher().vectors(["warm"], ["en"], "query")
    except m.MatchingError:  # the search that needs them will say so
        return


@cache
def model_ids() -> str:
    """What stands beside every stored vector."""
    return f"{m.e5_info().id} {m.use_info().id}"
