"""Jobs of the exchange. Each is idempotent: run twice, it changes nothing more."""

from procrastinate.contrib.django import app

from serai.exchange import actions


@app.periodic(cron="7 * * * *")
@app.task(name="exchange.expire", queueing_lock="exchange.expire")
def expire(timestamp: int) -> None:
    """Every hour: what has run out, and what was not answered in time."""
    actions.expire_due()
    actions.expire_interests()
    actions.remind_of_expiry()
