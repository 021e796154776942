"""The file that says who was erased (`serai erase_person`), so that a restored backup does not bring them back.

`erasures.jsonl`, one line of JSON a person: `{"id": …, "at": …}`. It lies in the home of the node and beside its
newest backup, outlives both, and holds no personal data. Replaying it needs Django (`serai.persons`).
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from serai.node.backup import LAST
from serai.node.config import Config

NAME = "erasures.jsonl"


def read(path: Path) -> dict[str, str]:
    """Id → when, of a ledger; empty if there is none. Raises ValueError, naming the line, for one that is spoilt."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            found[str(entry["id"])] = str(entry["at"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: this is no line of a list of erasures.") from error
    return found


def add(path: Path, entries: Mapping[str, str]) -> None:
    """Write the entries to a ledger, beside those it has; whole or not at all."""
    merged = {**read(path), **entries}
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.writelines(json.dumps({"id": pk, "at": at}) + "\n" for pk, at in merged.items())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def publish(config: Config, entries: Mapping[str, str]) -> list[Path]:
    """Add the entries to the ledger of the node, and to that beside its newest backup if it can be reached."""
    own = config.home / NAME
    add(own, entries)
    written = [own]
    with suppress(OSError, ValueError, KeyError):
        newest = Path(json.loads((config.home / LAST).read_text(encoding="utf-8"))["directory"])
        if newest.is_dir():
            add(newest.parent / NAME, read(own))
            written.append(newest.parent / NAME)
    return written


def beside(backup: Path) -> Path:
    """Where the ledger of a backup's neighbours lies."""
    return backup.absolute().parent / NAME
