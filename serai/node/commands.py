"""The door to Django's management commands: `python -m serai.node.commands COMMAND …`.

Kept apart from the process side, which runs without Django.
"""

import os
import subprocess
import sys


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
    """Bring the database up to date, and fill an empty one with the demo network if asked to."""
    import django
    from django.core.management import call_command

    django.setup()
    pending = _pending_migrations()
    if pending:
        sys.stdout.write(f"Bringing the database up to date ({pending} migrations) …\n")
        sys.stdout.flush()
        call_command("migrate", interactive=False, verbosity=0)
    if demo:
        call_command("demo", seed=1)


def _pending_migrations() -> int:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
