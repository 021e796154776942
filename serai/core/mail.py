"""The one writer of mail. Texts have a fixed list of fields, each with the rule that guards it.

No template engine runs on anybody's text: a field is replaced by its value, once, and a line break in a
value cannot start a header. Every letter leaves as plain text and as simple HTML that says the same, in the
direction of its language; a field whose name ends in `url` is a link there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from serai.core import outbox, policy
from serai.core.words import text_direction

_FIELD = re.compile(r"\{([a-z_]+)\}")
_OVERRIDES = re.compile("[\u202a-\u202e]")
"""They would turn the words of the letter around as well."""


_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px;background:#faf7f0;color:#22201c;font:16px/1.55 system-ui,sans-serif">
<div style="max-width:36rem;margin:0 auto">{body}
{action}<div style="margin-top:32px;padding-top:12px;border-top:1px solid #d9d3c5;font-size:14px;color:#5c574d">
{foot}</div></div></body></html>
"""
_BUTTON = """<p style="margin:24px 0"><a href="{url}" style="display:inline-block;padding:10px 18px;
border-radius:6px;background:#24499e;color:#fff;text-decoration:none;font-weight:600">{action}</a></p>
"""


@dataclass(frozen=True)
class Letter:
    """A kind of mail. `fields` maps each placeholder of its texts to the rule it is under.

    `body` is paragraphs with an empty line between; one whose fields are all empty is left out. `action` says
    what the one link of the letter, the field `url`, leads to; `foot` why one gets the letter, and what to do
    if one would rather not.
    """

    name: str
    subject: Any
    body: Any
    fields: Mapping[str, str]
    action: Any = ""
    foot: Any = ""

    @property
    def texts(self) -> tuple[str, ...]:
        return str(self.subject), str(self.body), str(self.action), str(self.foot)

    def written(self, language: str, values: Mapping[str, object]) -> dict[str, str]:
        """`subject`, `body` and `html` in a language, every field replaced once."""
        with translation.override(language):
            subject, body, action, foot = self.texts
            body, foot = _said(body, values), _said(foot, values)
            plain = [_fill(body, values)]
            if action:
                plain.append(f"{_fill(action, values)}\n{values['url']}")
            if foot:
                plain.append(f"-- \n{_fill(foot, values)}")
            line = " ".join(_fill(subject, values).split())
            return {
                "subject": line,
                "body": "\n\n".join(plain),
                "html": format_html(
                    _PAGE,
                    language=language,
                    direction=text_direction(language),
                    subject=line,
                    body=_paragraphs(body, values),
                    action=format_html(_BUTTON, url=values["url"], action=_fill(action, values))
                    if action
                    else "",
                    foot=_paragraphs(foot, values),
                ),
            }


_letters: dict[str, Letter] = {}


def declare(
    name: str, *, subject: Any, body: Any, fields: Mapping[str, str], action: Any = "", foot: Any = ""
) -> Letter:
    """Register a letter; its texts are lazily translated strings with `{field}` placeholders."""
    letter = Letter(name, subject, body, dict(fields), action, foot)
    used = {field for text in letter.texts for field in _FIELD.findall(text)} | ({"url"} if action else set())
    if used - set(fields):
        raise ImproperlyConfigured(f"The letter {name} uses undeclared fields: {sorted(used - set(fields))}")
    for field, rule in fields.items():
        policy.door("mail", f"{name}.{field}", rule)
    _letters[name] = letter
    return letter


def post(*, letter: str, to: str, language: str, values: Mapping[str, object], key: str) -> None:
    """Put a letter into the outbox, in the caller's transaction. The same `key` is sent once."""
    payload = {"to": to, **_letters[letter].written(language, values)}
    outbox.put(channel="mail", key=f"mail:{key}", payload=payload)


def _fill(text: str, values: Mapping[str, object]) -> str:
    return _FIELD.sub(lambda match: _OVERRIDES.sub("", str(values[match.group(1)])), text)


def _said(text: str, values: Mapping[str, object]) -> str:
    """Its paragraphs that say something: one of which every field is empty is left out."""
    return "\n\n".join(part for part in text.split("\n\n") if _says_something(part, values))


def _says_something(paragraph: str, values: Mapping[str, object]) -> bool:
    fields = _FIELD.findall(paragraph)
    return not fields or any(str(values[field]) for field in fields)


def _paragraphs(text: str, values: Mapping[str, object]) -> SafeString:
    return format_html_join(
        "\n", "<p>{}</p>", ((_marked(part, values),) for part in text.split("\n\n") if part)
    )


def _marked(text: str, values: Mapping[str, object]) -> SafeString:
    """A paragraph with its fields as HTML; every value is escaped."""

    def put(match: re.Match[str]) -> str:
        field = match.group(1)
        value = _OVERRIDES.sub("", str(values[field]))
        return format_html('<a href="{0}">{0}</a>', value) if field.endswith("url") else _escaped(value)

    return mark_safe(_FIELD.sub(put, _escaped(text)).replace("\n", "<br>"))  # noqa: S308  all of it is escaped


def _escaped(text: str) -> str:
    """For the content of an element: quotes stay, so that a name reads as in the plain text and is found there."""
    return escape(text, quote=False)


@outbox.sender("mail")
def send(payload: dict[str, Any]) -> None:
    message = EmailMultiAlternatives(
        subject=payload["subject"],
        body=payload["body"],
        to=[payload["to"]],
        headers={"X-Serai-Key": payload["key"], "Auto-Submitted": "auto-generated"},
    )
    if "html" in payload:  # a letter that waits from before there was any has none
        message.attach_alternative(payload["html"], "text/html")
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
