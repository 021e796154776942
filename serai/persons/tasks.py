"""Jobs for persons. Each may be repeated."""

from uuid import UUID

from procrastinate.contrib.django import app

from serai.persons import actions


@app.task(name="persons.write_copy")
def write_copy(copy: str) -> None:
    actions.write_copy(pk=UUID(copy))


@app.periodic(cron="23 * * * *")
@app.task(name="persons.forget_ended", queueing_lock="persons.forget_ended")
def forget_ended(timestamp: int) -> None:
    """Every hour: copies whose day is over."""
    actions.forget_ended()
