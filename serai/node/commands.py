"""The door to Django's management commands: `python -m serai.node.commands COMMAND …`.

Kept apart from the process side, which runs without Django.
"""

import os
import subprocess
import sys

from serai.node import postgres
from serai.node.config import Config, load


def main(arguments: list[str]) -> int:
    """Run one management command; Django reports its errors and sets the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "serai.settings")
    if arguments[:1] == ["--prepare"]:
        prepare(demo="--demo" in arguments)
        return 0
    from django.core.management import execute_from_command_line

    execute_from_command_line(["serai", *arguments])
    return 0


def in_child(*arguments: str) -> None:
    """Run one management command in a process of its own; its failure ends ours with its code."""
    done = subprocess.run([sys.executable, "-m", "serai.node.commands", *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def prepare(*, demo: bool) -> None:
    """Bring the database and the files for browsers up to date, and fill an empty node with the demo if asked to."""
    import django
    from django.core.management import call_command

    from serai.node import statics

    if demo and start_afresh_if_interrupted(load()):
        sys.stdout.write("The demonstration was stopped before it was complete; it is built anew.\n")
    django.setup()
    pending = _pending_migrations()
    if pending:
        sys.stdout.write(f"Bringing the database up to date ({pending} migrations) …\n")
        sys.stdout.flush()
        call_command("migrate", interactive=False, verbosity=0)
    statics.collect()
    call_command("erase_person", replay=True)
    if demo:
        call_command("demo", seed=1)


def start_afresh_if_interrupted(config: Config) -> bool:
    """Throw away a demonstration that was stopped half-way, so that it is built whole; True if it was.

    Only in the embedded server, and only while nobody but the demonstration has put anything in.
    """
    if not (config.embedded and config.demonstration_note.exists() and _holds_only_the_demonstration(config)):
        return False
    postgres.recreate(config)
    return True


def _holds_only_the_demonstration(config: Config) -> bool:
    with postgres.connect(config) as connection:
        tables = connection.execute(
            "SELECT to_regclass('accounts_user') IS NULL OR to_regclass('core_importrun') IS NULL"
        ).fetchone()
        if tables == (True,):
            return True
        alone = connection.execute(
            "SELECT NOT EXISTS (SELECT FROM accounts_user WHERE email NOT LIKE '%@demo.example')"
            " AND NOT EXISTS (SELECT FROM core_importrun)"
        ).fetchone()
        return alone == (True,)


def _pending_migrations() -> int:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
