"""What the forms of all apps share."""

from collections.abc import Callable
from typing import TypeVar

from django.forms import BaseForm

from serai.core.errors import Invalid

R = TypeVar("R")


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
