"""Jobs of the worker: the steps of imports."""

from uuid import UUID

from procrastinate.contrib.django import app

from serai.core.imports import actions


@app.task(name="core.work_on_import")
def work_on_import(run: str) -> None:
    """One step of an import: the trial, the import itself, the undo. Repeating it changes nothing."""
    actions.work(run_id=UUID(run))


@app.periodic(cron="* * * * *")
@app.task(name="core.resume_imports", queueing_lock="core.resume_imports")
def resume_imports(timestamp: int) -> None:
    """Every minute: steps whose worker was killed begin again."""
    actions.resume()


@app.periodic(cron="23 3 * * *")
@app.task(name="core.forget_import_files", queueing_lock="core.forget_import_files")
def forget_import_files(timestamp: int) -> None:
    """Every night: files of imports that lie back a month."""
    actions.forget_old_files()
