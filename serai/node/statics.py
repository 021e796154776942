"""Style sheets, scripts, fonts and pictures as they are sent: compressed, under names that say what is in them.

A browser keeps such a file for good and asks again only when a page names another. `collect` writes them when a node
starts; before that, in development and in tests, the files go out as they are, under their plain names.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Statics(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's storage, which also answers for files that were not collected."""

    def stored_name(self, name: str) -> str:
        """The name with its hash, or the plain one of a file that is not in the collection."""
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))


def collect() -> bool:
    """Write the files to `STATIC_ROOT`, unless these very files lie there already; True if they were written.

    What lay there before is removed, so no web process may be running.
    """
    stamp = Path(settings.STATIC_ROOT) / "collected"
    mark = _mark()
    if stamp.is_file() and stamp.read_text("ascii") == mark:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(mark, "ascii")
    return True


def _mark() -> str:
    """Changes with any file: names, sizes and times of change, as one digest."""
    found = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda one: str(one[0])):
            facts = Path(storage.path(name)).stat()
            found.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return found.hexdigest()
