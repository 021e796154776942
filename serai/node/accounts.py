"""Which operating-system account runs the embedded server.

PostgreSQL refuses to run as root. A normal user simply runs its own server. For root there is an
account of its own, named by `SERAI_OS_USER`; the default `serai` is made if it is missing, as a
distribution's package would. `nobody` is no default: whatever else runs as `nobody` could read
the node's data.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

DEFAULT_NAME = "serai"


class AccountError(Exception):
    """No account can run the server; the message says what to do."""


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def demotion(self) -> dict[str, Any]:
        """Arguments of `subprocess` that run a program as this account, with none of our groups."""
        if self.is_ours:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account(os_user: str) -> Account:
    """The account for the server: ourselves, or `os_user` when we are root."""
    if os.geteuid() != 0:
        return _account(_own_entry())
    try:
        entry = pwd.getpwnam(os_user)
    except KeyError:
        entry = _created(os_user)
    if entry.pw_uid == 0:
        raise AccountError(f"SERAI_OS_USER {os_user} is an administrator; PostgreSQL refuses to run as one.")
    return _account(entry)


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _own_entry() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise AccountError(
            f"User id {os.geteuid()} has no name on this machine, which PostgreSQL needs. "
            "Add it to /etc/passwd, or set DATABASE_URL."
        ) from error


def _created(os_user: str) -> pwd.struct_passwd:
    """Make the default account. Any other name is the administrator's business."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    advice = f"Create the system account {os_user}, or set SERAI_OS_USER or DATABASE_URL."
    if os_user != DEFAULT_NAME or useradd is None:
        raise AccountError(f"Root needs an account to run the database server. {advice}")
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", "--comment", "Serai database server", os_user]
    made = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        # Another node may have made it at the same moment: what counts is that it exists.
        return pwd.getpwnam(os_user)
    except KeyError as error:
        raise AccountError(f"useradd failed: {made.stderr.strip()} {advice}") from error
