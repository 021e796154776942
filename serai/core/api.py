"""What the operations of the programming interface share: strict input, capped pages."""

from collections.abc import Callable, Collection
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator

from serai.core import languages
from serai.core.errors import Invalid

T = TypeVar("T")

CLEAN = r"^[^\x00]*$"
"""The database takes no NUL in a text."""
Line = Annotated[str, StringConstraints(max_length=300, pattern=CLEAN)]

MOST_ROWS = 100
COUNT_CAP = 200
"""Counts stop here: an exact count is the slowest query and the leakiest answer."""


def _is_language(tag: str) -> str:
    try:
        return languages.clean_language(tag)
    except Invalid as error:
        raise ValueError(str(error.message)) from None


KNOWN_LANGUAGE = AfterValidator(_is_language)
"""For fields with a language tag: refused if it is none, else in its usual spelling."""


class Strict(Schema):
    """Base of every body and query schema: an unknown field is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    @field_validator("*")
    @classmethod
    def _holds_no_nul(cls, value: Any) -> Any:
        """The database takes no NUL in a text; said here once, for every field of every body and query."""
        if _has_nul(value):
            raise ValueError(_("It holds a character that no text may hold (NUL)."))
        return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple | set) and any(_has_nul(part) for part in value)


class Problem(Schema):
    """Why something was not done: `code` for programs, `detail` in words, `fields` what is wrong with which value.

    `alternatives` are what would work instead, where the state or another booking stands in the way.
    """

    code: str
    detail: str
    fields: dict[str, str] = {}
    alternatives: list[Any] = []


def refuse_unknown(request: HttpRequest, query: Schema) -> None:
    """Raise Invalid for a query parameter the operation does not know; ninja would drop it silently."""
    unknown = sorted(set(request.GET) - set(type(query).model_fields))
    if unknown:
        message = _("There is no such parameter.")
        raise Invalid(message, fields=dict.fromkeys(unknown[:10], message))


def one_of(value: str, allowed: Collection[str], field: str) -> str:
    """`value`, if it is empty or among `allowed`. Raises Invalid, which names the choices while they are few."""
    if value and value not in allowed:
        few = ", ".join(sorted(allowed)) if len(allowed) <= 30 else ""
        message = _("Choose one of: %(values)s") % {"values": few} if few else _("Choose from the list.")
        raise Invalid(message, fields={field: message})
    return value


class PageQuery(Strict):
    """`limit` rows from `offset`; beyond the bounds is refused, so that nobody takes a part for the whole."""

    limit: int = Field(default=50, ge=1, le=MOST_ROWS)
    offset: int = Field(default=0, ge=0, le=10_000)

    def window(self) -> slice:
        return slice(self.offset, self.offset + self.limit)


class Page(Schema, Generic[T]):
    """`count` is exact up to the cap; `is_capped` says that there are more."""

    items: list[T]
    count: int
    is_capped: bool


def page_of(rows: QuerySet[Any], query: PageQuery, show: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Cut one page out of `rows` (which is already what the viewer sees) and count it up to the cap."""
    count, is_capped = capped_count(rows)
    return {"items": [show(row) for row in rows[query.window()]], "count": count, "is_capped": is_capped}


def capped_count(rows: QuerySet[Any]) -> tuple[int, bool]:
    """(count, whether there are more), reading no more than the cap."""
    found = rows.order_by().values("pk")[: COUNT_CAP + 1].count()
    return min(found, COUNT_CAP), found > COUNT_CAP
