"""The command `serai`: every operation of a node.

The commands that run the node (`up`, `down`, `status`, `worker`, `doctor`, `backup`, `restore`, `rotate_keys`) stand here and work
without Django. Every other name is a management command; the embedded database is started
before it if it needs one. Exit codes: 0 done, 1 refused or failed, 2 wrong usage; `doctor` has its own.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serai.node import catalogue
from serai.node.config import Config, ConfigError, home_path, load

if TYPE_CHECKING:
    from serai.node.backup import Summary

Arguments = argparse.Namespace


@dataclass(frozen=True)
class Operation:
    """A command of the node itself: its line of help, its options, what it does."""

    help: str
    example: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Arguments], int]


class CommandError(Exception):
    """A command cannot do its work; the message is for the operator."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in {"-h", "--help"} or arguments == ["help"]:
        _print(overview())
        return 0
    if name == "--version":
        _print(f"serai {version('serai')}")
        return 0
    try:
        if name in OPERATIONS:
            return _run_operation(name, arguments[1:])
        return _run_django(arguments)
    except (ConfigError, CommandError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def overview() -> str:
    """All commands, a line each, grouped."""
    shown: dict[str, list[tuple[str, str]]] = {
        catalogue.NODE: [(name, operation.help) for name, operation in OPERATIONS.items()]
    }
    for entry in catalogue.entries().values():
        shown.setdefault(entry.group, []).append((entry.name, entry.help.strip().split("\n")[0]))
    width = max(len(name) for group in shown.values() for name, _ in group) + 2
    lines = ["usage: serai COMMAND [options]; serai COMMAND --help explains one command", ""]
    for group, commands in shown.items():
        lines += [group, *(f"  {name:<{width}}{text}" for name, text in commands), ""]
    return "\n".join([*lines, "Configuration comes from the environment: serai doctor shows it."])


# --- Django's commands -------------------------------------------------------------------------


def _run_django(arguments: list[str]) -> int:
    name = arguments[0]
    asks_only = any(a in {"-h", "--help", "--version"} for a in arguments[1:])
    if catalogue.needs_database(name) and not asks_only:
        config = load()
        _start_database(config)
        _create_schema(config, name)
    from serai.node import commands

    return commands.main(arguments)


def _start_database(config: Config) -> bool:
    from serai.node import postgres

    try:
        return postgres.start(config)
    except postgres.PostgresError as error:
        raise CommandError(str(error)) from error


def _create_schema(config: Config, name: str) -> None:
    """On a database that has never been migrated, migrate before an app's command asks for tables."""
    from serai.node import commands, postgres

    if name not in catalogue.entries() or name in catalogue.DJANGO_COMMANDS:
        return
    with postgres.connect(config) as connection:
        found = connection.execute("SELECT to_regclass('django_migrations')").fetchone()
    if found == (None,):
        sys.stderr.write("First use of this database: creating its tables …\n")
        commands.in_child("migrate", "--noinput", "--verbosity", "0")


# --- running the node --------------------------------------------------------------------------


def _up_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--foreground", action="store_true", help="stay in the terminal; Ctrl-C stops")
    parser.add_argument("--port", type=int, help="port to listen on, instead of SERAI_PORT")
    parser.add_argument("--next-free-port", action="store_true", help="if the port is in use, take the next")
    parser.add_argument("--demo", action="store_true", help="fill an empty database with the demo network")


def _up(options: Arguments) -> int:
    from serai.node import commands, processes

    if options.port is not None:
        # For the processes we start as well: the port is part of the node's address.
        os.environ["SERAI_PORT"] = str(options.port)
    config = load()
    began = time.monotonic()
    running = processes.state(config)
    if running.supervised:
        _print(f"Serai is running at {running.address}")
        return 0
    try:
        processes.stop(config)  # leftovers of a node whose supervisor was killed
        listener = processes.listen(config, next_free_port=options.next_free_port)
    except processes.NodeError as error:
        raise CommandError(str(error)) from error
    _start_database(config)
    commands.in_child("--prepare", *(["--demo"] if options.demo else []))
    address = processes.shown_address(config, listener.getsockname()[1])

    def announce() -> None:
        _print(f"\nSerai is ready at {address} ({time.monotonic() - began:.1f} s)")
        _print(f"Logs: {config.log_dir}")
        _print("Ctrl-C stops it." if options.foreground else "Stop it with: serai down")

    try:
        with listener:
            if options.foreground:
                processes.supervise(config, listener, on_ready=announce)
                _print("Stopped.")
                return 0
            supervisor = processes.start_in_background(config, listener)
        processes.wait_until_ready(config, supervisor)
    except processes.NodeError as error:
        processes.stop(config)
        raise CommandError(str(error)) from error
    announce()
    return 0


def _down_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep-database", action="store_true", help="leave the embedded server running")


def _down(options: Arguments) -> int:
    from serai.node import postgres, processes

    config = load()
    try:
        stopped = processes.stop(config)
        if not options.keep_database:
            stopped = postgres.stop(config) or stopped
    except (processes.NodeError, postgres.PostgresError) as error:
        raise CommandError(str(error)) from error
    _print("Serai has stopped." if stopped else "Serai was not running.")
    return 0


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _status(options: Arguments) -> int:
    from serai.node import postgres, processes

    config = load()
    node = processes.state(config)
    answering = bool(node.supervised and node.port and processes.answers(config, node.port))
    database = postgres.status(config) if config.embedded else None
    facts: dict[str, Any] = {
        "home": str(config.home),
        "running": node.supervised,
        "answering": answering,
        "address": node.address if node.supervised else "",
        "supervisor": node.supervisor if node.supervised else None,
        "processes": node.processes if node.supervised else [],
        "unsupervised": 0 if node.supervised else node.alive,
        "database": {
            "embedded": config.embedded,
            "ready": database.ready if database else None,
            "pid": database.pid if database else None,
        },
    }
    _print(json.dumps(facts, indent=2) if options.json else _status_text(facts))
    return 0 if answering else 1


def _status_text(facts: dict[str, Any]) -> str:
    database = facts["database"]
    lines = [f"home       {facts['home']}"]
    if not database["embedded"]:
        lines.append("database   external (DATABASE_URL)")
    else:
        lines.append(
            f"database   ready (process {database['pid']})" if database["ready"] else "database   stopped"
        )
    if not facts["running"]:
        lines.append("node       stopped")
    elif facts["answering"]:
        lines.append(f"node       answers at {facts['address']}")
    else:
        lines.append(f"node       runs at {facts['address']} but does not answer")
    if facts["unsupervised"]:
        lines.append(
            f"           {facts['unsupervised']} processes without supervisor; end them with: serai down"
        )
    lines += [
        f"{p['name']:<11}process {p['pid']}, replaced {p['restarts']} times" for p in facts["processes"]
    ]
    return "\n".join(lines)


def _worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="do the jobs that wait, then end")
    parser.add_argument("--jobs", type=int, metavar="N", help="jobs side by side, instead of SERAI_JOBS")


def _worker(options: Arguments) -> int:
    from serai.node import processes

    config = load()
    _start_database(config)
    extra = ["--one-shot"] if options.once else []
    extra += ["--concurrency", str(options.jobs)] if options.jobs else []
    command = processes.worker_command(config, *extra)
    os.execv(command[0], command)  # noqa: S606


# --- looking after the node ----------------------------------------------------------------------


def _doctor(options: Arguments) -> int:
    from serai.node import doctor

    config = load()
    findings = doctor.examine(config)
    if options.json:
        facts = {"variables": doctor.variables(config), "findings": [asdict(f) for f in findings]}
        _print(json.dumps(facts, indent=2))
        return doctor.exit_code(findings)
    for name, text in doctor.variables(config).items():
        _print(f"{name:<20} {text}")
    _print("")
    for finding in findings:
        _print(f"{finding.level:<8} {finding.check:<11} {finding.text}")
        if finding.advice:
            _print(f"{'':<21}{finding.advice}")
    return doctor.exit_code(findings)


def _backup_options(parser: argparse.ArgumentParser) -> None:
    _json_option(parser)
    parser.add_argument("directory", type=Path, help="a new or empty directory for the backup")


def _backup(options: Arguments) -> int:
    from serai.node import backup, erasures

    config = load()
    _start_database(config)
    try:
        summary = backup.back_up(config, options.directory)
    except backup.BackupError as error:
        raise CommandError(str(error)) from error
    if (config.home / erasures.NAME).exists():
        erasures.publish(config, {})  # beside the backup as well: it outlives the home
    _print_summary(summary, f"Backed up to {options.directory} and read again", as_json=options.json)
    return 0


def _restore_options(parser: argparse.ArgumentParser) -> None:
    _json_option(parser)
    parser.add_argument("--check", action="store_true", help="only compare the backup with its checksums")
    parser.add_argument(
        "--erasures",
        type=Path,
        metavar="FILE",
        help="erasures.jsonl of the node the backup is of, if it is not beside the backup",
    )
    parser.add_argument("directory", type=Path, help="the backup's directory")


def _restore(options: Arguments) -> int:
    from serai.node import backup, commands, erasures, postgres

    ledger: Path = options.erasures or erasures.beside(options.directory)
    try:
        if options.erasures and not ledger.is_file():
            raise CommandError(f"There is no {ledger}.")
        erased = erasures.read(ledger)  # before anything is made: a spoilt list is no list
        if options.check:
            summary = backup.check(options.directory)
            _print_summary(summary, f"{options.directory} is complete", as_json=options.json)
            return 0
        backup.require_empty_home(home_path())  # first: loading the configuration makes the home
        backup.check(options.directory)
        config = load()
        summary = backup.restore(config, options.directory)
    except (backup.BackupError, postgres.PostgresError, ValueError) as error:
        raise CommandError(str(error)) from error
    if erased:
        erasures.add(config.home / erasures.NAME, erased)
        commands.in_child("--prepare")  # nobody who was erased since comes back, not for a moment
    elif not options.json:
        _print("No list of erasures was found. If people were erased after this backup: --erasures FILE.")
    _print_summary(summary, f"Restored to {config.home}; start it with: serai up", as_json=options.json)
    return 0


def _rotate_options(parser: argparse.ArgumentParser) -> None:
    from serai.node import keys

    _json_option(parser)
    parser.add_argument(
        "--grace-hours",
        type=float,
        default=keys.GRACE_HOURS,
        metavar="N",
        help="how long the key before is still accepted; 0 ends it at once (default %(default)s)",
    )


def _rotate(options: Arguments) -> int:
    from serai.node import keys

    config = load()
    try:
        until = keys.rotate(config, grace_hours=options.grace_hours)
        restarted = keys.restart(config)
    except keys.KeysError as error:
        raise CommandError(str(error)) from error
    if options.json:
        _print(json.dumps({"until": until.isoformat(timespec="seconds"), "restarted": restarted}))
        return 0
    ended = options.grace_hours <= 0
    _print(
        "The key before is no longer accepted."
        if ended
        else f"The key before is accepted until {until:%Y-%m-%d %H:%M} UTC."
    )
    _print(
        "Web server and worker were restarted and use the new key; workers on other machines: restart them."
        if restarted
        else "The node does not run; it uses the new key from its next start."
    )
    return 0


def _print_summary(summary: "Summary", text: str, *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps(asdict(summary)))
    else:
        _print(f"{text} (made {summary.made}, {summary.files} files, {summary.size / 2**20:.1f} MB).")


OPERATIONS: dict[str, Operation] = {
    "up": Operation(
        "start database, web server and worker in the background", "serai up --port 8080", _up_options, _up
    ),
    "down": Operation("stop exactly these", "serai down --keep-database", _down_options, _down),
    "status": Operation(
        "what runs; exit code 0 if the node answers, else 1", "serai status --json", _json_option, _status
    ),
    "worker": Operation(
        "run one more worker for jobs, in the foreground", "serai worker --once", _worker_options, _worker
    ),
    "doctor": Operation(
        "configuration and health; exit code 0 well, 1 warnings, 2 errors",
        "serai doctor --json",
        _json_option,
        _doctor,
    ),
    "backup": Operation(
        "write database, files and keys to a new directory",
        "serai backup /backup/monday",
        _backup_options,
        _backup,
    ),
    "restore": Operation(
        "bring a backup back into a new SERAI_HOME",
        "SERAI_HOME=/srv/new serai restore /backup/monday",
        _restore_options,
        _restore,
    ),
    "rotate_keys": Operation(
        "make a new secret key; the one before is accepted for a time",
        "serai rotate_keys --grace-hours 24",
        _rotate_options,
        _rotate,
    ),
}


def _run_operation(name: str, arguments: list[str]) -> int:
    operation = OPERATIONS[name]
    parser = argparse.ArgumentParser(
        prog=f"serai {name}", description=operation.help, epilog=f"example: {operation.example}"
    )
    operation.options(parser)
    return operation.run(parser.parse_args(arguments))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _fail(text: str) -> int:
    sys.stderr.write(f"serai: {text}\n")
    return 1
