"""How far a long step is, told while its transaction is still open: over a connection of its own."""

import time
from typing import Self
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

EVERY_S = 1.0


class Teller:
    """Call it with the number of rows read so far; at most once a second it is written into the run's row."""

    def __init__(self, run: UUID) -> None:
        self.run = run
        self.told_at = time.monotonic()
        self.line: BaseDatabaseWrapper | None = None

    def __call__(self, read: int) -> None:
        if time.monotonic() - self.told_at < EVERY_S:
            return
        self.told_at = time.monotonic()
        if self.line is None:
            self.line = connection.copy()
        with self.line.cursor() as cursor:
            cursor.execute("UPDATE core_importrun SET progress = %s WHERE id = %s", [read, self.run])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.line is not None:
            self.line.close()
