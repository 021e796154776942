"""Pages of a long list that are equally fast on the first and the thousandth page.

A page begins after a row (its sort values and key), not after a number of rows, so nothing is counted or
skipped. The mark of the row travels in the address, opaque and checked.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from serai.core.errors import Invalid

PAGE_SIZE = 50
INCOMPLETE = gettext_noop("The address of this page is not complete. Start again from the first page.")


@dataclass(frozen=True)
class KeysetPage:
    """One page, with the part of Django's `Page` that `{% pagination %}` uses; page "numbers" are marks."""

    object_list: Sequence[Any]
    number: int
    previous: str = ""
    next: str = ""

    def has_previous(self) -> bool:
        return bool(self.previous)

    def has_next(self) -> bool:
        return bool(self.next)

    def previous_page_number(self) -> str:
        return self.previous

    def next_page_number(self) -> str:
        return self.next


def page_of(rows: QuerySet[Any], mark: str, *, by: str, size: int = PAGE_SIZE) -> KeysetPage:
    """The page of `rows` at `mark` (empty: the first), in the order of the text or date column `by`, then the key.

    `by` may begin with `-`. It must not be null in the rows. Raises Invalid for a mark that is not one of ours.
    """
    number, backwards, value, key = _read(mark) if mark else (1, False, None, None)
    column, descending = by.lstrip("-"), by.startswith("-")
    ahead = descending == backwards  # whether we walk towards larger values
    order = [column if ahead else f"-{column}", "pk" if ahead else "-pk"]
    found = rows.order_by(*order)
    if key is not None:
        try:
            value = rows.model._meta.get_field(column).to_python(value)
        except ValidationError:  # a date that is none
            raise Invalid(_(INCOMPLETE)) from None
        step = "gt" if ahead else "lt"
        # The first condition bounds the index scan, the second leaves out equals up to the mark.
        found = found.filter(**{f"{column}__{step}e": value}).filter(
            Q(**{f"{column}__{step}": value}) | Q(**{f"pk__{step}": key})
        )
    items = list(found[: size + 1])
    more = len(items) > size
    items = items[:size]
    if backwards:
        items.reverse()
    has_next = more if not backwards else True
    has_previous = more if backwards else key is not None
    return KeysetPage(
        object_list=items,
        number=max(number, 1),
        previous=_write(items[0], number - 1, True, column) if items and has_previous else "",
        next=_write(items[-1], number + 1, False, column) if items and has_next else "",
    )


def _write(row: Model, number: int, backwards: bool, column: str) -> str:
    value = getattr(row, column)
    plain = value.isoformat() if hasattr(value, "isoformat") else value
    text = json.dumps([number, backwards, plain, str(row.pk)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(mark: str) -> tuple[int, bool, str, UUID]:
    try:
        text = base64.urlsafe_b64decode(mark.encode() + b"=" * (-len(mark) % 4)).decode()
        number, backwards, value, key = json.loads(text)
        if (
            isinstance(number, int)
            and isinstance(backwards, bool)
            and isinstance(value, str)
            and len(mark) < 3000
        ):
            return min(max(number, 1), 1_000_000), backwards, value.replace("\x00", ""), UUID(key)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        pass
    raise Invalid(_(INCOMPLETE))
