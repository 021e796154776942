"""What happened to a record, read from the audit log, in words."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.core import audit, kinds, ui
from serai.core.models import AuditEntry
from serai.core.viewer import Viewer

MOST = 40
"""Lines of a history: what is older is in the log."""


def history(
    viewer: Viewer,
    kind: str,
    pk: UUID,
    words: Mapping[str, object],
    *,
    people: QuerySet[Any] | None = None,
    others: Callable[[str], ui.Text] | None = None,
) -> list[ui.Entry]:
    """What happened to a record, newest first, from the audit log; entries without words are left out.

    `words` completes "Ana …"; under the action with a star stands the sentence for what no person did. With `people`
    only these are named; `others` says of an action what to call whoever else did it.
    """
    log = AuditEntry.objects.filter(object_kind=kind, object_id=pk, action__in=words).order_by("-at")
    found = list(log[:MOST])
    known = get_user_model()._default_manager.all() if people is None else people
    names = dict(known.filter(pk__in={e.actor_id for e in found}).values_list("pk", "name"))
    return [
        ui.Entry(
            timezone.localtime(entry.at),
            str(
                words.get(f"{entry.action}*", words[entry.action])
                if entry.actor_id is None
                else words[entry.action]
            ),
            who=_who(entry, names, others),
            detail=_came_to(kind, entry),
        )
        for entry in found
    ]


def _who(
    entry: AuditEntry, names: Mapping[UUID, str], others: Callable[[str], ui.Text] | None
) -> ui.Chip | None:
    if entry.actor_id is not None and entry.actor_id in names:
        return ui.Chip(names[entry.actor_id], kind="person")
    return ui.Chip(others(entry.action), kind="person") if others and entry.actor_id is not None else None


def _came_to(kind: str, entry: AuditEntry) -> str:
    """The status a record was moved to, in words."""
    status = audit.entry_data(entry).get("status", "") if entry.action.endswith("moved") else ""
    field: Any = kinds.kind_named(kind).model._meta.get_field("status")
    labels = dict(field.flatchoices)
    return _("Now: %(status)s") % {"status": labels[status]} if status in labels else ""
