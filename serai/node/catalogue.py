"""The list of all commands, read from their source files without importing Django.

A command is a file `serai/<app>/management/commands/<name>.py` with a class `Command`. Its `help`
is shown, `group` (a heading) and `needs_database = False` may stand beside it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]

NODE = "Running the node"
GROUPS = {
    "core": "The whole node",
    "accounts": "People",
    "directory": "Organisations and experts",
    "agreements": "Agreements",
    "exchange": "Listings and matches",
    "diplomacy": "Country desks",
    "events": "Events and meetings",
    "programmes": "Programmes",
    "transfer": "Transfer",
    "cooperation": "Cooperation",
    "observatory": "Indicators",
    "federation": "Other nodes",
}
DJANGO = "Maintenance"

# Commands of Django that an operator meets; the rest work too and are listed by `serai help`.
DJANGO_COMMANDS = {
    "migrate": "bring the database up to date",
    "makemigrations": "write migrations for changed models (developers)",
    "check": "check the code and its configuration (--deploy: for production)",
    "shell": "a Python prompt with the models loaded",
}
WITHOUT_DATABASE = {
    "check", "compilemessages", "collectstatic", "diffsettings", "findstatic", "help", "makemessages",
    "sendtestemail", "startapp", "startproject", "version",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the list of commands."""

    name: str
    help: str
    group: str
    needs_database: bool = True


@cache
def entries() -> dict[str, Entry]:
    """Every command of the apps and the chosen ones of Django, by name, in the order shown."""
    found = sorted(_of_apps(), key=lambda entry: entry.name)
    order = list(GROUPS.values())
    found.sort(key=lambda entry: order.index(entry.group) if entry.group in order else len(order))
    for name, text in DJANGO_COMMANDS.items():
        found.append(Entry(name, text, DJANGO, needs_database=name not in WITHOUT_DATABASE))
    return {entry.name: entry for entry in found}


def needs_database(name: str) -> bool:
    entry = entries().get(name)
    return entry.needs_database if entry else name not in WITHOUT_DATABASE


def _of_apps() -> Iterator[Entry]:
    for path in PACKAGE.glob("*/management/commands/*.py"):
        if not path.name.startswith("_"):
            yield _entry(path, app=path.relative_to(PACKAGE).parts[0])


def _entry(path: Path, *, app: str) -> Entry:
    values = _class_values(ast.parse(path.read_text(encoding="utf-8")))
    return Entry(
        name=path.stem,
        help=str(values.get("help", "")),
        group=str(values.get("group", GROUPS.get(app, app))),
        needs_database=bool(values.get("needs_database", True)),
    )


def _class_values(module: ast.Module) -> dict[str, object]:
    """Constants assigned in the class `Command`; the text inside a gettext call counts as one."""
    values: dict[str, object] = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name == "Command":
            for statement in node.body:
                target, value = _assignment(statement)
                if isinstance(value, ast.Call) and value.args:
                    value = value.args[0]
                if target and isinstance(value, ast.Constant):
                    values[target] = value.value
    return values


def _assignment(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value
    return "", None
