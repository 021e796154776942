"""`kill -9` in the middle of an import, by command and by the worker: all or nothing, or a whole number of batches."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from serai.core.imports import actions, framework
from serai.core.models import AuditEntry, ImportRun
from serai.directory.models import Organisation
from serai.node.locks import eventually
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
S = ImportRun.Status
ROWS, BATCH = 60, 10

# Runs a piece of work against the database of the tests; says when two batches are written, and waits to be killed.
KILLED = f"""
import json, sys, time
from pathlib import Path
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django; django.setup()
from serai.core.imports import actions, framework
framework.BATCH = {BATCH}
def until_killed(read):
    if read >= {2 * BATCH}:
        print("now", flush=True)
        time.sleep(60)
framework._silently = until_killed
class Teller(actions.Teller):
    def __call__(self, read): until_killed(read)
actions.Teller = Teller
"""
BY_COMMAND = """
path = Path(sys.argv[2])
request = framework.Request("members", path, path.name, {}, batches=sys.argv[3] == "batches")
framework.run_import(request=request, by=None)
"""
BY_WORKER = "import uuid; actions.work(run_id=uuid.UUID(sys.argv[2]))"


def _kill_midway(code: str, *arguments: str) -> None:
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED + code, name, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        said = process.stdout.readline().strip()
        process.kill()
    assert said == "now"


def _content() -> bytes:
    return ("name,city,country\n" + "".join(f"House {n},Kiel,DE\n" for n in range(ROWS))).encode()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(framework, "BATCH", BATCH)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "serai.settings")
    path = tmp_path / "members.csv"
    path.write_bytes(_content())
    return path


def _by_hand(path: Path, *, batches: bool = False) -> ImportRun:
    request = framework.Request("members", path, path.name, {}, batches=batches)
    return framework.run_import(request=request, by=None)


def test_of_a_killed_command_nothing_is_there_and_the_next_does_it_all(path: Path) -> None:
    _kill_midway(BY_COMMAND, str(path), "whole")

    assert (Organisation.objects.count(), ImportRun.objects.count()) == (0, 0)
    assert (_by_hand(path).created, Organisation.objects.count()) == (ROWS, ROWS)


def test_in_batches_whole_ones_are_there_and_the_next_goes_on_without_doubles(path: Path) -> None:
    """The control of the others: the same kill does strike between rows that were written and rows that were not."""
    _kill_midway(BY_COMMAND, str(path), "batches")

    assert Organisation.objects.count() == 2 * BATCH
    run = _by_hand(path, batches=True)
    assert (run.read, run.created, Organisation.objects.count()) == (ROWS, ROWS, ROWS)
    assert (ImportRun.objects.count(), run.changes.count()) == (1, ROWS)


def _uploaded(do: Callable[..., ImportRun], *before: Callable[..., ImportRun]) -> ImportRun:
    steward = factories.make_steward()
    upload = SimpleUploadedFile("members.csv", _content())
    run = actions.start_import(format="members", upload=upload, by=steward)
    for step in before:
        run = step(run=run, by=steward)
        actions.work(run_id=run.pk)
        run.refresh_from_db()
    return do(run=run, by=steward)


def test_a_step_whose_worker_was_killed_is_begun_again_and_done_once(path: Path) -> None:
    run = _uploaded(actions.carry_out_import, actions.check_import)

    _kill_midway(BY_WORKER, str(run.pk))

    run.refresh_from_db()
    assert (run.status, run.attempts, Organisation.objects.count(), run.changes.count()) == (
        S.RUNNING,
        1,
        0,
        0,
    )
    actions.work(run_id=run.pk)
    actions.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.created, Organisation.objects.count()) == (S.DONE, ROWS, ROWS)
    assert AuditEntry.objects.filter(action="core.file_imported").count() == 1


def test_a_trial_whose_worker_was_killed_leaves_nothing(path: Path) -> None:
    run = _uploaded(actions.check_import)

    _kill_midway(BY_WORKER, str(run.pk))

    def taken_up() -> bool:
        # The database lets go of the killed worker's hold when it notices that nobody is there any more.
        actions.work(run_id=run.pk)
        run.refresh_from_db()
        return run.status != S.CHECKING

    assert eventually(taken_up, 30)
    assert (run.status, run.created, Organisation.objects.count()) == (S.CHECKED, ROWS, 0)


def test_a_step_that_kills_its_worker_every_time_is_given_up(path: Path) -> None:
    run = _uploaded(actions.check_import)
    ImportRun.objects.filter(pk=run.pk).update(attempts=actions.MOST_ATTEMPTS)

    actions.work(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.refused) == (S.REFUSED, 1)


def test_the_workers_minute_queues_what_was_under_way(path: Path) -> None:
    run = _uploaded(actions.check_import)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")

    actions.resume()
    actions.resume()

    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs")
        found: list[Any] = [
            (name, args if isinstance(args, dict) else json.loads(args)) for name, args in cursor
        ]
    assert found == [("core.work_on_import", {"run": str(run.pk)})]
