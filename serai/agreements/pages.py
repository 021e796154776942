"""What the pages of Build share: windows of a list, the tabs, forms that call an action."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements.models import Agreement
from serai.core import ui
from serai.core.errors import Invalid
from serai.core.policy import Gate
from serai.core.viewer import Viewer

PAGE_SIZE = 30
DEEPEST_PAGE = 300
T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """One page of a list, read without counting the whole: what `{% pagination %}` uses of Django's `Page`."""

    object_list: Sequence[Any]
    number: int
    more: bool

    def has_next(self) -> bool:
        return self.more and self.number < DEEPEST_PAGE

    def has_previous(self) -> bool:
        return self.number > 1

    def next_page_number(self) -> int:
        return self.number + 1

    def previous_page_number(self) -> int:
        return self.number - 1


def window(rows: QuerySet[Any], given: str, *, size: int = PAGE_SIZE) -> Window:
    """The page whose number stands in the address; anything odd is the first page."""
    plain = given.isascii() and given.isdigit() and len(given) < 5
    number = min(max(int(given), 1), DEEPEST_PAGE) if plain else 1
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    return Window(found[:size], number, len(found) > size)


_CODE = re.compile(r"[\w-]{1,40}", re.ASCII)


def chosen(request: HttpRequest, *names: str) -> dict[str, str]:
    """The filters of an address by name; what cannot be a code of ours counts as not chosen."""
    given = {name: request.GET.get(name, "") for name in names}
    return {name: value if _CODE.fullmatch(value) else "" for name, value in given.items()}


@dataclass(frozen=True)
class Room:
    """A list of Build with its own tab. The apps above register theirs."""

    label: Any
    url_name: str
    order: int
    gate: Gate


_rooms: list[Room] = []


def register_room(room: Room) -> None:
    _rooms.append(room)
    _rooms.sort(key=lambda known: known.order)


def tabs(viewer: Viewer, here: str) -> list[ui.Tab]:
    return [
        ui.Tab(room.label, reverse(room.url_name), room.url_name == here)
        for room in _rooms
        if room.gate(viewer)
    ]


LeadsOn = Callable[[Viewer, Agreement], list[ui.Action]]
_leads_on: list[LeadsOn] = []


def register_leads_on(offered: LeadsOn) -> None:
    """What can begin under an agreement is known by the apps above; what nothing came of yet needs most is first."""
    _leads_on.append(offered)


def leads_on(viewer: Viewer, agreement: Agreement) -> list[ui.Action]:
    return [action for offered in _leads_on for action in offered(viewer, agreement)]


class ActionForm(forms.Form):
    """A form whose words go to an action; what the action refuses comes back at the fields."""

    def run(self, action: Callable[[], T]) -> T | None:
        """The action's answer, or None after its Invalid was written into the form's errors."""
        try:
            return action()
        except Invalid as refusal:
            for name, reason in refusal.fields.items():
                self.add_error(name if name in self.fields else None, str(reason))
            if not refusal.fields:
                self.add_error(None, str(refusal.message))
            return None


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    request.serai_place = "build"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def form_page(request: HttpRequest, form: forms.Form, **context: Any) -> HttpResponse:
    """A form on a page of its own; with errors it answers 422 and keeps what was typed.

    `context`: title, submit, cancel_url; lead, kind and note if there is something to say.
    """
    status = 422 if form.errors else 200
    return page(request, "agreements/form.html", {"form": form, **context}, status=status)


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


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
    """Show a form, or call the action with its clean values and go `back` (or to the address that it gives)."""
    if request.method == "POST" and form.is_valid():
        made = form.run(lambda: action(form.cleaned_data))
        if made:
            messages.success(request, _("Saved."))
            return redirect(made if isinstance(made, str) else back)
    return form_page(request, form, title=title, kind=kind, submit=submit, note=note, cancel_url=back)
