"""What the pages of this app share."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements.fields import Field
from serai.agreements.pages import ActionForm, form_page
from serai.core import ui
from serai.core.errors import NotAllowed


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


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


def do(
    request: HttpRequest,
    form: ActionForm,
    action: Callable[[dict[str, Any]], object],
    *,
    back: str,
    title: str,
    submit: str,
    kind: str = "",
    note: str = "",
) -> HttpResponse:
    """Show a form, or call the action with its clean values and go `back` (or to what was made)."""
    if request.method == "POST" and form.is_valid():
        made = form.run(lambda: action(form.cleaned_data))
        if made:
            messages.success(request, _("Saved."))
            return redirect(made if isinstance(made, str) else back)
    return form_page(request, form, title=title, kind=kind, submit=submit, note=note, cancel_url=back)
