"""Jobs of the worker."""

from procrastinate.contrib.django import app

from serai.directory import comparison


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="directory.compare_names", pass_context=False)
def compare_names(timestamp: int) -> None:
    """Every hour: prepare names that imports brought in for the comparison of looks."""
    comparison.compare_names()
