"""Notices: one sentence a kind, declared by the app that posts it, put together when it is read.

What a person may know is asked at that moment, in the application and when the letter leaves: a notice of
something they may no longer see says only that, and names what was taken back by its reference.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from serai.accounts.models import Notice, User
from serai.core import kinds, mail, outbox, today
from serai.core.text import isolated, listed
from serai.core.viewer import Viewer
from serai.core.words import as_day, language_name, on_weekday


@dataclass(frozen=True)
class NoticeKind:
    """What a notice says, and what its letter says beside that.

    `step` is what to do (the words of the one link), `by` the field of the record that holds the day by which,
    `otherwise` what happens if one does nothing, `because` why one is told.
    """

    name: str
    sentence: Any
    icon: str
    step: Any
    by: str
    otherwise: Any
    because: Any


@dataclass(frozen=True)
class Named:
    """A record that a notice names beside the one it is about; `otherwise` stands for it while it is hidden."""

    kind: str
    id: UUID
    otherwise: str


@dataclass(frozen=True)
class Name:
    """How a sentence calls something: a text and its language, as far as that is known."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Said:
    """A notice in words: a sentence with `{field}` placeholders, and what stands for each."""

    sentence: str
    names: Mapping[str, Name]

    def plain(self) -> str:
        return self.sentence.format_map({key: isolated(name.text) for key, name in self.names.items()})

    def marked(self) -> SafeString:
        """The same as HTML: names in another language than the page's are marked with theirs."""
        page = _primary(get_language() or "en")
        words = {
            key: format_html('<bdi lang="{}">{}</bdi>', name.language, name.text)
            if _primary(name.language or page) != page
            else escape(isolated(name.text))
            for key, name in self.names.items()
        }
        return mark_safe(escape(self.sentence).format_map(words))  # noqa: S308  sentence and names are escaped

    def foreign(self, reader: Viewer) -> list[str]:
        """Languages of its names that are neither the page's nor any the reader says they read."""
        used = {name.language for key, name in self.names.items() if f"{{{key}}}" in self.sentence}
        return sorted(language for language in used if today.is_foreign(language, reader))


def _primary(language: str) -> str:
    return language.split("-")[0].lower()


_kinds: dict[str, NoticeKind] = {}
OWN_TITLE = "title"


def declare(
    name: str,
    sentence: Any,
    *,
    icon: str = "bell",
    step: Any = "",
    by: str = "",
    otherwise: Any = "",
    because: Any = "",
) -> None:
    """Register a kind of notice; `sentence` is lazily translated, with `{field}` placeholders.

    `{title}` is the title of the record the notice is about, as its reader is shown it when they read: in
    their language where there is such a text. The others are the values it was posted with.
    """
    _kinds[name] = NoticeKind(name, sentence, icon, step, by, otherwise, because)


def said(notices: Sequence[Notice], reader: Viewer) -> list[Said]:
    """The notices in the active language, as far as their reader may still know.

    The same number of queries for each kind of record they speak of, however many notices.
    """
    ids: dict[str, set[UUID]] = defaultdict(set)
    for notice in notices:
        ids[notice.object_kind].add(notice.object_id)
        for value in notice.values.values():
            if isinstance(value, dict):
                ids[value["kind"]].add(UUID(value["id"]))
    cards = {kind: kinds.cards(reader, kind, found) for kind, found in ids.items()}
    return [_said(notice, cards) for notice in notices]


def _said(notice: Notice, cards: Mapping[str, Mapping[UUID, kinds.Card]]) -> Said:
    own = cards[notice.object_kind].get(notice.object_id)
    if own is None:
        return Said(gettext("What this notice was about is no longer open to you."), {})
    names = {}
    for key, value in notice.values.items():
        if isinstance(value, dict):
            card = cards[value["kind"]].get(UUID(value["id"]))
            names[key] = Name(card.title, card.language) if card else Name(value["otherwise"])
        else:
            names[key] = Name(own.title, own.language) if key == OWN_TITLE else Name(str(value))
    return Said(str(_kinds[notice.kind].sentence), names)


def sentences_of(notices: Sequence[Notice], reader: Viewer) -> list[str]:
    return [words.plain() for words in said(notices, reader)]


def news_of(notices: Sequence[Notice], reader: Viewer) -> list[today.News]:
    """The notices as news, those that lead to the same page about the same; opening one puts it away."""
    return [
        today.News(
            at=notice.created_at,
            text=words.marked(),
            url=reverse("notice_open", args=[notice.pk]),
            is_new=notice.read_at is None,
            about=notice.values.get("url", "") or f"{notice.object_kind}:{notice.object_id}",
            icon=_kinds[notice.kind].icon,
            languages=words.foreign(reader),
        )
        for notice, words in zip(notices, said(notices, reader), strict=True)
    ]


LETTER = mail.declare(
    "accounts.notice",
    subject="{sentence}",
    body="{sentence}\n\n{language}\n\n{due}\n\n{otherwise}",
    action="{step}",
    foot=_("{because}\nChoose which letters you get: {settings_url}"),
    fields={
        "sentence": "accounts.own_notices",
        "language": "accounts.own_notices",
        "due": "accounts.own_notices",
        "otherwise": "core.public",
        "step": "core.public",
        "because": "core.public",
        "url": "accounts.own_notices",
        "settings_url": "core.public",
    },
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
    user = notice.user
    with override(user.language):
        values = _letter(notice, user)
    mail.send({"key": payload["key"], "to": user.email, **LETTER.written(user.language, values)})


def _letter(notice: Notice, user: User) -> dict[str, object]:
    """The fields of a letter, in the active language."""
    words, kind, base = said([notice], user)[0], _kinds[notice.kind], settings.CONFIG.base_url
    is_open = bool(words.names)
    day = _due(notice, user, kind.by) if is_open and kind.by else None
    because = kind.because or _("You get this letter because it concerns what you take part in.")
    return {
        "sentence": words.plain(),
        "language": _written_in(words.foreign(user)),
        "due": gettext("Please do it by {day}.").format(day=isolated(on_weekday(day))) if day else "",
        "otherwise": kind.otherwise if is_open else "",
        "step": (is_open and kind.step) or gettext("Open it"),
        "because": because,
        "url": f"{base}{notice.values['url']}",
        "settings_url": f"{base}{reverse('settings')}",
    }


def _due(notice: Notice, reader: Viewer, field: str) -> date | None:
    """The day by which something is to be done, as it stands now; None once it is over."""
    visible = kinds.kind_named(notice.object_kind).visible(reader)
    day = as_day(visible.filter(pk=notice.object_id).values_list(field, flat=True).first())
    return day if day and day >= timezone.localdate() else None


def _written_in(languages: Sequence[str]) -> str:
    if not languages:
        return ""
    return gettext("What it is about is written in: {languages}").format(
        languages=listed(language_name(language) for language in languages)
    )
