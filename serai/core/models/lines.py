"""What people call things: titles and names, kept on one line and free of what would turn the words around them."""

from typing import Any

from django.db import models

_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def unturned(text: str) -> str:
    """The text without embeddings, overrides and isolates of UAX 9.

    A title goes where nothing isolates it (the window, a file, a letter, another program), and there one of these
    turns what follows it. The marks U+200E and U+200F, which only settle a neighbour, stay.
    """
    return text if text.isascii() else text.translate(_TURNS)


class LineField(models.CharField):  # type: ignore[type-arg]  # not subscriptable while it runs
    """A title or name. Whatever writes it and whatever reads it, a form, the interface, an import, it turns nothing.

    To the database and its migrations it is a CharField.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = getattr(model_instance, self.attname)
        if isinstance(value, str):
            setattr(model_instance, self.attname, unturned(value))
        return super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return unturned(value) if isinstance(value, str) else value

    def from_db_value(self, value: str | None, *_connection: object) -> str | None:
        """Also what was written before there was this rule, or past it (COPY)."""
        return unturned(value) if value else value

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
