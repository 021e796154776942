"""The one writer of mail. Texts have a fixed list of fields, each with the rule that guards it.

No template engine runs on anybody's text: a field is replaced by its value, once, and a line break in a
value cannot start a header.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation

from serai.core import outbox, policy

_FIELD = re.compile(r"\{([a-z_]+)\}")
_OVERRIDES = re.compile("[\u202a-\u202e]")
"""They would turn the words of the letter around as well."""


@dataclass(frozen=True)
class Letter:
    """A kind of mail. `fields` maps each placeholder of `subject` and `body` to the rule it is under."""

    name: str
    subject: Any
    body: Any
    fields: Mapping[str, str]

    def written(self, language: str, values: Mapping[str, object]) -> dict[str, str]:
        """`subject` and `body` in a language, every field replaced once."""
        with translation.override(language):
            subject, body = _fill(str(self.subject), values), _fill(str(self.body), values)
        return {"subject": " ".join(subject.split()), "body": body}


_letters: dict[str, Letter] = {}


def declare(name: str, *, subject: Any, body: Any, fields: Mapping[str, str]) -> Letter:
    """Register a letter; subject and body are lazily translated strings with `{field}` placeholders."""
    used = set(_FIELD.findall(str(subject))) | set(_FIELD.findall(str(body)))
    if used - set(fields):
        raise ImproperlyConfigured(f"The letter {name} uses undeclared fields: {sorted(used - set(fields))}")
    for field, rule in fields.items():
        policy.door("mail", f"{name}.{field}", rule)
    _letters[name] = Letter(name, subject, body, dict(fields))
    return _letters[name]


def post(*, letter: str, to: str, language: str, values: Mapping[str, object], key: str) -> None:
    """Put a letter into the outbox, in the caller's transaction. The same `key` is sent once."""
    payload = {"to": to, **_letters[letter].written(language, values)}
    outbox.put(channel="mail", key=f"mail:{key}", payload=payload)


def _fill(text: str, values: Mapping[str, object]) -> str:
    return _FIELD.sub(lambda match: _OVERRIDES.sub("", str(values[match.group(1)])), text)


@outbox.sender("mail")
def send(payload: dict[str, Any]) -> None:
    message = EmailMessage(
        subject=payload["subject"],
        body=payload["body"],
        to=[payload["to"]],
        headers={"X-Serai-Key": payload["key"], "Auto-Submitted": "auto-generated"},
    )
    message.send(fail_silently=False)


class FolderBackend(BaseEmailBackend):
    """Writes every message as an .eml file into the node's mail folder (the demo and the tests)."""

    def send_messages(self, email_messages: list[EmailMessage]) -> int:  # type: ignore[override]
        folder = Path(settings.CONFIG.mail_dir)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            # Named by what it answers: one that is sent again after a crash is not there twice.
            key = message.extra_headers.get("X-Serai-Key") or str(uuid4())
            target = folder / f"{uuid5(NAMESPACE_OID, key)}.eml"
            part = target.with_suffix(".part")
            part.write_bytes(message.message().as_bytes())
            part.rename(target)
        return len(email_messages)
