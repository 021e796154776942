"""What is said of a row, in the language of whoever reads it: kept as the message and the words that stand in it.

Modules whose texts end in a report import `said as _`: `makemessages` finds their texts by this name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext

LONGEST_WORD = 2000


@dataclass(frozen=True)
class Said:
    """A text of the catalogue with what stands in its braces; `str` writes it in the language of the moment.

    Words are texts, numbers, or said themselves.
    """

    text: str
    words: Mapping[str, Any] = field(default_factory=dict)
    context: str = ""

    def format(self, **words: Any) -> "Said":
        return replace(self, words=words)

    def __str__(self) -> str:
        text = pgettext(self.context, self.text) if self.context else gettext(self.text)
        return text.format(**self.words) if self.words else text

    def kept(self) -> dict[str, Any]:
        """As plain values, for the database."""
        plain: dict[str, Any] = {"text": self.text, "words": {k: _kept(v) for k, v in self.words.items()}}
        return plain | ({"context": self.context} if self.context else {})

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Said":
        words = {k: cls.of(v) if isinstance(v, dict) else v for k, v in kept.get("words", {}).items()}
        return cls(kept["text"], words, kept.get("context", ""))


def said(text: str) -> Said:
    return Said(text)


def storable(text: str) -> str:
    """Without what the database cannot hold; a reason may quote a cell."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _kept(value: Any) -> Any:
    if isinstance(value, Promise):
        value = _of_label(value)
    if isinstance(value, Said):
        return value.kept()
    return value if isinstance(value, int) else storable(str(value))[:LONGEST_WORD]


def _of_label(label: Any) -> Said:
    """A label of the interface: Django's lazy texts name their message when they are pickled."""
    arguments = label.__reduce__()[1][1]
    *context, text = arguments
    return Said(text, context=context[0] if context else "")
