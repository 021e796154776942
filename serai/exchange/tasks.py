"""Jobs of the exchange. Each is idempotent: run twice, it changes nothing more."""

from procrastinate.contrib.django import app

from serai.exchange import actions, news
from serai.exchange.actions import indexing, matching
from serai.exchange.index import build

ENCODE_A_TURN = 160
MATCH_A_TURN = 100


@app.periodic(cron="7 * * * *")
@app.task(name="exchange.expire", queueing_lock="exchange.expire")
def expire(timestamp: int) -> None:
    """Every hour: what has run out, and what was not answered in time."""
    actions.expire_due()
    actions.expire_interests()
    actions.remind_of_expiry()


@app.task(name="exchange.refresh", queueing_lock="exchange.refresh", lock="exchange.refresh")
def refresh() -> None:
    """After a change: words, vectors, index, matches; in turns, so that a large import shows early results."""
    progress = indexing.encode_pending(limit=ENCODE_A_TURN)
    build.refresh()
    left = matching.match_pending(limit=MATCH_A_TURN)
    if progress.remaining or left:
        news.encode_soon()


@app.periodic(cron="* * * * *")
@app.task(name="exchange.look", queueing_lock="exchange.look")
def look(timestamp: int) -> None:
    """Every minute: work that nobody announced, such as an import or a worker that was killed."""
    if indexing.to_encode().exists() or matching.to_match().exists():
        news.encode_soon()


@app.periodic(cron="41 2 * * *")
@app.task(name="exchange.rebuild", queueing_lock="exchange.rebuild", lock="exchange.refresh")
def rebuild(timestamp: int) -> None:
    """Every night: the whole index anew, with the centres of all that is there."""
    build.refresh(rebuild=True)


def run_all(report: indexing.Report | None = None) -> indexing.Progress:
    """Everything that waits, at once: what `serai encode` does."""
    progress = indexing.encode_pending(report=report)
    build.refresh()
    while matching.match_pending(limit=MATCH_A_TURN):
        pass
    return progress
