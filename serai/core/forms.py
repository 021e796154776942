"""What the forms of all apps share."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from django.forms import BaseForm
from django.urls import reverse_lazy

from serai.core.errors import Invalid

R = TypeVar("R")


def suggesting(url_name: str, *, take: Literal["value", "label"] = "value") -> dict[str, Any]:
    """Attributes of a text field, or of an area with one thing a line, that offers what this address finds (`?q=`).

    The address answers `{"items": [{"value", "label", "note", "lang"}]}`; `take` is put into the field: the value
    names one thing only, the label is how people call it.
    """
    return {"data-suggest": reverse_lazy(url_name), "data-suggest-take": take}


def with_errors(form: BaseForm, action: Callable[[], R]) -> R | None:
    """Run an action whose refusals belong to the form: `Invalid` is shown at its fields, nothing typed is lost.

    Returns what the action returned, or None after adding its errors to the form.
    """
    try:
        return action()
    except Invalid as error:
        for name, message in error.fields.items():
            form.add_error(name if name in form.fields else None, str(message))
        if not error.fields:
            form.add_error(None, str(error.message))
        return None
