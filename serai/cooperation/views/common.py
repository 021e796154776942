"""What the pages of this app share."""

from typing import Any

from django.utils.translation import gettext as _

from serai.agreements.fields import Field
from serai.agreements.pages import do, user_of
from serai.core import ui
from serai.core.errors import NotAllowed

__all__ = ["do", "field_filter", "must", "options", "user_of"]


def must(may: bool) -> None:
    """403 for whoever sees the record but may not change it."""
    if not may:
        raise NotAllowed(_("Only those who act for one of the parties can do this."))


def options(choices: Any) -> list[ui.Option]:
    return [ui.Option(str(value), label) for value, label in choices]


def field_filter(value: str) -> ui.Filter:
    return ui.Filter(
        "field", _("Field"), options(Field.choices), value, before=_("in"), any_label=_("any field")
    )
