"""Notices: one sentence a kind, declared by the app that posts it, put together when it is read.

What a person may know is asked at that moment, in the application and when the letter leaves: a notice of
something they may no longer see says only that, and names what was taken back by its reference.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from serai.accounts.models import Notice, User
from serai.core import kinds, mail, outbox, today
from serai.core.text import isolated
from serai.core.viewer import Viewer


@dataclass(frozen=True)
class NoticeKind:
    name: str
    sentence: Any
    icon: str


@dataclass(frozen=True)
class Named:
    """A record that a notice names beside the one it is about; `otherwise` stands for it while it is hidden."""

    kind: str
    id: UUID
    otherwise: str


_kinds: dict[str, NoticeKind] = {}


def declare(name: str, sentence: Any, *, icon: str = "bell") -> None:
    """Register a kind of notice; `sentence` is lazily translated, with `{field}` placeholders."""
    _kinds[name] = NoticeKind(name, sentence, icon)


def sentences_of(notices: Sequence[Notice], reader: Viewer) -> list[str]:
    """The notices as sentences in the active language, as far as their reader may still know.

    One query for each kind of record they speak of, however many notices.
    """
    ids: dict[str, set[UUID]] = defaultdict(set)
    named: dict[str, set[UUID]] = defaultdict(set)
    for notice in notices:
        ids[notice.object_kind].add(notice.object_id)
        for value in notice.values.values():
            if isinstance(value, dict):
                named[value["kind"]].add(UUID(value["id"]))
    seen = {kind: _seen(reader, kind, found) for kind, found in ids.items()}
    titles = {kind: _titles(reader, kind, found) for kind, found in named.items()}
    return [
        _sentence(notice, titles)
        if notice.object_id in seen[notice.object_kind]
        else gettext("What this notice was about is no longer open to you.")
        for notice in notices
    ]


def _seen(reader: Viewer, kind: str, ids: Iterable[UUID]) -> set[UUID]:
    visible = kinds.kind_named(kind).visible(reader)
    return set(visible.filter(pk__in=list(ids)).values_list("pk", flat=True))


def _titles(reader: Viewer, kind: str, ids: Iterable[UUID]) -> dict[str, str]:
    return {str(pk): card.title for pk, card in kinds.cards(reader, kind, ids).items()}


def _sentence(notice: Notice, titles: Mapping[str, Mapping[str, str]]) -> str:
    words = {
        name: isolated(
            titles[value["kind"]].get(value["id"], value["otherwise"]) if isinstance(value, dict) else value
        )
        for name, value in notice.values.items()
    }
    return str(_kinds[notice.kind].sentence).format_map(words)


def news_of(notices: Sequence[Notice], reader: Viewer) -> list[today.News]:
    """The notices as news, those that lead to the same page about the same; opening one puts it away."""
    return [
        today.News(
            at=notice.created_at,
            text=sentence,
            url=reverse("notice_open", args=[notice.pk]),
            is_new=notice.read_at is None,
            about=notice.values.get("url", "") or f"{notice.object_kind}:{notice.object_id}",
            icon=_kinds[notice.kind].icon,
        )
        for notice, sentence in zip(notices, sentences_of(notices, reader), strict=True)
    ]


LETTER = mail.declare(
    "accounts.notice",
    subject=_("{sentence}"),
    body=_("{sentence}\n\nOpen it: {url}\n\nYou can turn these letters off in your settings: {settings_url}"),
    fields={"sentence": "accounts.own_notices", "url": "accounts.own_notices", "settings_url": "core.public"},
)


def notify(
    *, user: User, kind: str, obj: models.Model, values: Mapping[str, object], url: str, key: str
) -> None:
    """Tell one person, in the caller's transaction: in the application, and by mail if they wish.

    `url` is the path of the page to open, `key` makes it idempotent (the same cause tells once). `values` may
    hold only what the person is allowed to see; a record they may cease to see is `Named` there.
    """
    notice, is_new = Notice.objects.get_or_create(
        key=f"{key}:{user.pk}",
        defaults={
            "user": user,
            "kind": kind,
            "object_kind": kinds.kind_of(obj).name,
            "object_id": obj.pk,
            "values": {**{name: _stored(value) for name, value in values.items()}, "url": url},
        },
    )
    if is_new and user.mail_notices:
        outbox.put(channel="notice", key=f"notice:{notice.key}", payload={"notice": str(notice.pk)})


def _stored(value: object) -> object:
    return {**asdict(value), "id": str(value.id)} if isinstance(value, Named) else str(value)


@outbox.sender("notice", can_wait=True)
def send(payload: dict[str, Any]) -> None:
    """Write the letter of a notice as it reads now, unless its reader wants none any more."""
    notice = Notice.objects.select_related("user").filter(pk=payload["notice"]).first()
    if notice is None or not notice.user.mail_notices or not notice.user.is_active:
        return
    user, base = notice.user, settings.CONFIG.base_url
    with override(user.language):
        values = {
            "sentence": sentences_of([notice], user)[0],
            "url": f"{base}{notice.values['url']}",
            "settings_url": f"{base}/settings/",
        }
    mail.send({"key": payload["key"], "to": user.email, **LETTER.written(user.language, values)})
