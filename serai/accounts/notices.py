"""Notices: one sentence a kind, declared by the app that posts it, put together in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from serai.accounts.models import Notice, User
from serai.core import mail
from serai.core.kinds import kind_of


@dataclass(frozen=True)
class NoticeKind:
    name: str
    sentence: Any
    icon: str


_kinds: dict[str, NoticeKind] = {}


def declare(name: str, sentence: Any, *, icon: str = "bell") -> None:
    """Register a kind of notice; `sentence` is lazily translated, with `{field}` placeholders."""
    _kinds[name] = NoticeKind(name, sentence, icon)


def sentence_of(notice: Notice) -> str:
    """The notice as one sentence in the active language."""
    return str(_kinds[notice.kind].sentence).format_map({k: str(v) for k, v in notice.values.items()})


def icon_of(notice: Notice) -> str:
    return _kinds[notice.kind].icon


mail.declare(
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
    hold only what the person is allowed to see.
    """
    plain = {name: str(value) for name, value in values.items()}
    notice, is_new = Notice.objects.get_or_create(
        key=f"{key}:{user.pk}",
        defaults={
            "user": user,
            "kind": kind,
            "object_kind": kind_of(obj).name,
            "object_id": obj.pk,
            "values": {**plain, "url": url},
        },
    )
    if not is_new or not user.mail_notices or not user.is_active:
        return
    base = settings.CONFIG.base_url
    with override(user.language):
        sentence = sentence_of(notice)
    mail.post(
        letter="accounts.notice",
        to=user.email,
        language=user.language,
        values={"sentence": sentence, "url": f"{base}{url}", "settings_url": f"{base}/settings/"},
        key=notice.key,
    )
