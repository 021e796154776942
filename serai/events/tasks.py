"""Jobs of the worker: computing schedules, and what time brings about."""

from procrastinate.contrib.django import app

from serai.events import actions
from serai.events.models import ScheduleRun


@app.task(name="serai.events.tasks.run_schedule", queueing_lock=None)
def run_schedule(run: str) -> None:
    """Compute a queued schedule run. Repeating it changes nothing."""
    actions.run_schedule(run=ScheduleRun.objects.get(pk=run))


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="events.hourly", pass_context=False)
def hourly(timestamp: int) -> None:
    """Requests nobody answered end; questions about meetings are asked."""
    actions.expire_requests()
    actions.ask_for_outcomes()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="events.clock", pass_context=False)
def clock(timestamp: int) -> None:
    """Events start and end by the clock."""
    actions.advance_due_events()
