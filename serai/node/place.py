"""Where the embedded PostgreSQL server of a node lives, decided once and remembered.

Everything of a node is under `SERAI_HOME`, with one exception. A server started by root runs as an
unprivileged account, and that account cannot enter a home below a private directory such as `/root`.
Opening the parents up would expose the rest of that directory, so the server's files then live in
`/var/lib/serai/<id>`, and the home remembers the id. See `docs/adr/`.
"""

import json
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOCKET_FILE = ".s.PGSQL.5432"
SOCKET_PATH_MAX_BYTES = 107  # sun_path holds 108 bytes, the last one is the terminating zero
SYSTEM_STATE = Path("/var/lib/serai")
SYSTEM_RUNTIME = Path("/run/serai")
RECORD = "postgres.json"

_ID = re.compile(r"[0-9a-f]{16}\Z")
# Both libpq and the server read a comma as the separator of a list, and "@" as an abstract socket.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+ -]*\Z")


class PlaceError(Exception):
    """The remembered place of the server cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """The directories of one embedded server. `root` holds all of them but perhaps the socket."""

    home: Path
    id: str
    root: Path
    socket_dir: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def start_lock(self) -> Path:
        """Held while somebody starts or stops the server."""
        return self.root / "start.lock"

    @property
    def alive_lock(self) -> Path:
        """Held by the server's processes for as long as one of them lives."""
        return self.root / "alive.lock"

    @property
    def owner_note(self) -> Path:
        """Names the home these files belong to, for whoever finds them in `/var/lib/serai`."""
        return self.root / "HOME"


def of(home: Path) -> Place:
    """The place of the server of `home`, decided at the first call and written to `home`.

    `home` must exist and be an absolute path. Two processes that decide at once agree.
    """
    record = home / RECORD
    if not record.exists():
        _decide(home, record)
    try:
        stored = json.loads(record.read_text(encoding="utf-8"))
        identifier, outside = str(stored["id"]), stored["outside"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PlaceError(f"{record} cannot be read ({error}); restore it from a backup.") from error
    if not _ID.match(identifier):
        raise PlaceError(f"{record} holds no valid id; restore it from a backup.")
    root = SYSTEM_STATE / identifier if outside else home / "postgres"
    return Place(home=home, id=identifier, root=root, socket_dir=_socket_dir(home, root, identifier))


def _decide(home: Path, record: Path) -> None:
    outside = home.stat().st_uid == 0 and not everyone_may_enter(home)
    text = json.dumps({"id": secrets.token_hex(8), "outside": outside}) + "\n"
    write_once(record, text, mode=0o644)


def write_once(path: Path, text: str, *, mode: int) -> None:
    """Write `path` whole unless it exists; of two writers at once the first wins."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        os.unlink(temporary)


def everyone_may_enter(path: Path) -> bool:
    """Whether any account can pass through `path` and all of its parents."""
    return all(directory.stat().st_mode & stat.S_IXOTH for directory in _upwards(path))


def _upwards(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _socket_dir(home: Path, root: Path, identifier: str) -> Path:
    """A directory whose path a unix socket can carry: beside the data if it fits, else a short one."""
    inside = root / "socket"
    fits = len(os.fsencode(inside / SOCKET_FILE)) <= SOCKET_PATH_MAX_BYTES
    if fits and _PLAIN_PATH.match(str(inside)):
        return inside
    if home.stat().st_uid == 0:
        return SYSTEM_RUNTIME / identifier
    # Not $XDG_RUNTIME_DIR: it disappears when the user logs out, the server stays. The random id
    # keeps others from taking the name first; the launcher refuses a directory that is not ours.
    return Path("/tmp") / f"serai-{identifier}"  # noqa: S108
