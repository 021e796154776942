"""Jobs of the worker that belong to no app above."""

from datetime import timedelta

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from serai.core import audit, outbox, reads
from serai.core.models import IdempotentAnswer

STARTS = 5
"""A job that took its worker along this often is not tried again: it would take the next one too."""


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


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="core.forget_reads", pass_context=False)
def forget_reads(timestamp: int) -> None:
    """Every night: who opened what, of days that lie back a month."""
    reads.forget_old()


@app.periodic(cron="47 3 * * *")
@app.task(queueing_lock="core.forget_answers", pass_context=False)
def forget_answers(timestamp: int) -> None:
    """Every night: the answers kept for an `Idempotency-Key` a week ago; nobody repeats a request that long."""
    IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - timedelta(days=7)).delete()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="core.rescue", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Every minute: hand out anew what a killed worker left, known by its heart that beats no more.

    Every job may be repeated: what it did is committed with what says so.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        if job.attempts + 1 < STARTS:
            await manager.retry_job(job)
        else:
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
