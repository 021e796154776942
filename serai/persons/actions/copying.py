"""A copy of everything the node holds about a person: JSON for programs, a page for people."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_bidi, override
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from serai.accounts.models import User
from serai.accounts.notices import notify
from serai.core import audit
from serai.core.errors import Conflict
from serai.persons import queries
from serai.persons.models import DataCopy

LIFE = timedelta(hours=24)
FORMAT = 1


def ask_for_copy(*, by: User) -> DataCopy:
    """Have the worker write a copy of the person's own data. Raises Conflict while there is one."""
    try:
        return _ask(by)
    except IntegrityError:
        raise Conflict(_("Your copy is being written, or lies here already.")) from None


@transaction.atomic
def _ask(by: User) -> DataCopy:
    DataCopy.objects.filter(user=by, expires_at__lte=timezone.now()).delete()
    copy = DataCopy.objects.create(user=by)
    audit.record(actor=by, action="persons.copy_asked", obj=copy)
    app.configure_task("persons.write_copy").defer(copy=str(copy.pk))
    return copy


@transaction.atomic
def write_copy(*, pk: UUID) -> DataCopy | None:
    """Write a copy that was asked for, and say that it is there. None if it is written or gone already."""
    copy = DataCopy.objects.select_for_update().filter(pk=pk, content__isnull=True).first()
    if copy is None:
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files_of_copy(copy.user).items():
            file.writestr(name, content)
    copy.content = packed.getvalue()
    copy.expires_at = timezone.now() + LIFE
    copy.save()
    audit.record(actor=None, action="persons.copy_written", obj=copy)
    notify(
        user=copy.user,
        kind="persons.copy_written",
        obj=copy,
        values={},
        url=reverse("own_data"),
        key=f"copy:{copy.pk}",
    )
    return copy


def forget_ended() -> int:
    """Copies whose day is over leave the database."""
    return DataCopy.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def files_of_copy(user: User) -> dict[str, str]:
    """File name → content: `person.json` as described in docs/formats/person.md, `index.html` to read."""
    with override(user.language):
        sections = list(queries.sections_of(user))
        context = {
            "sections": sections,
            "user": user,
            "node": settings.CONFIG.node_name,
            "at": timezone.now(),
            "language": user.language,
            "direction": "rtl" if get_language_bidi() else "ltr",
        }
        page = render_to_string("persons/copy.html", context)
    return {"person.json": _as_json(user, sections), "index.html": page}


def _as_json(user: User, sections: list[queries.Section]) -> str:
    told: dict[str, Any] = {
        "format": FORMAT,
        "node": settings.CONFIG.base_url,
        "person": user.pk,
        "at": timezone.now(),
        "holds": {
            section.name: [{name: cell.value for name, cell in row.items()} for row in section.rows]
            for section in sections
        },
    }
    return json.dumps(told, cls=_Encoder, ensure_ascii=False, indent=1) + "\n"


class _Encoder(DjangoJSONEncoder):
    """A slot is a range of times: its two ends."""

    def default(self, o: Any) -> Any:
        return str(o) if hasattr(o, "lower") and hasattr(o, "upper") else super().default(o)
