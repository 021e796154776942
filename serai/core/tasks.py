"""Jobs of the worker that belong to no app above."""

from procrastinate.contrib.django import app

from serai.core import audit, outbox


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="core.tick", pass_context=False)
def tick(timestamp: int) -> None:
    """Every minute: read the audit log on, send what is due. Both are also woken at once by `wake`."""
    audit.process_followers()
    outbox.deliver_due()


@app.task(queueing_lock="core.wake")
def wake() -> None:
    """Right after a change: the same, so that news and mail do not wait for the minute."""
    audit.process_followers()
    outbox.deliver_due()
