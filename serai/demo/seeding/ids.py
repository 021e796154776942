"""The same ids each time: a record's key follows from the seed, the entry of the file and its place in it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.db.models import Model, UUIDField
from django.db.models.signals import pre_init


class Ids:
    """While `given` is open, every new record gets its id from here instead of by chance."""

    def __init__(self, seed: int) -> None:
        self.namespace = uuid5(NAMESPACE_OID, f"serai seed {seed}")
        self.entry = ""
        self.made: Counter[str] = Counter()

    @contextmanager
    def given(self) -> Iterator[None]:
        pre_init.connect(self._name, weak=False)
        try:
            yield
        finally:
            pre_init.disconnect(self._name)

    def begin(self, entry: str) -> None:
        """From here on the records belong to this entry of the file: another entry moves none of their ids."""
        self.entry = entry

    def _name(self, sender: type[Model], args: tuple[Any, ...], kwargs: dict[str, Any], **_more: Any) -> None:
        key = sender._meta.pk
        if args or not isinstance(key, UUIDField) or {"pk", key.name} & kwargs.keys():
            return  # read from the database, or named already
        place = f"{self.entry} {sender._meta.label}"
        self.made[place] += 1
        kwargs[key.name] = uuid5(self.namespace, f"{place} {self.made[place]}")
