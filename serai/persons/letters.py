"""Mail that was written to files: letters to an erased person go, in those to others the name is replaced."""

import email
from collections.abc import Iterable
from contextlib import suppress
from email import policy
from email.message import EmailMessage
from email.utils import getaddresses
from html import escape
from pathlib import Path

from serai.persons.queries import Person
from serai.persons.traces import ERASED


def renamed(text: str, words: Iterable[str]) -> str:
    """The text, plain or HTML, with "erased person" where a word stands."""
    for word in sorted(words, key=len, reverse=True):  # "Ana Lima" before "Ana"
        text = text.replace(escape(word), ERASED).replace(word, ERASED)
    return text


def scrub(folder: Path, person: Person, names: Iterable[str]) -> int:
    """Go through the folder; returns how many letters were removed or changed."""
    words, number = [*names, *person.emails], 0
    for path in sorted(folder.glob("*.eml")):
        with suppress(FileNotFoundError):
            number += _scrub(path, person, words)
    return number


def _scrub(path: Path, person: Person, words: list[str]) -> bool:
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    if not isinstance(message, EmailMessage):
        return False
    to = {address.lower() for _name, address in getaddresses([str(message.get("To", ""))])}
    if to & person.emails:
        path.unlink()
        return True
    changed = _rename_subject(message, words)
    for part in message.walk():
        if part.get_content_maintype() == "text":
            changed |= _rename_part(part, words)
    if changed:
        path.write_bytes(message.as_bytes())
    return changed


def _rename_subject(message: EmailMessage, words: list[str]) -> bool:
    before = str(message.get("Subject", ""))
    after = renamed(before, words)
    if after != before:
        del message["Subject"]
        message["Subject"] = after
    return bool(after != before)


def _rename_part(part: EmailMessage, words: list[str]) -> bool:
    before = part.get_content()
    after = renamed(before, words)
    if after != before:
        part.set_content(after, subtype=part.get_content_subtype())
    return bool(after != before)
