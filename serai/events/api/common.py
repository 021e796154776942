"""What the operations of the events share: looking up, and kinds of text."""

from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pydantic import StringConstraints

from serai.core.api import CLEAN, KNOWN_LANGUAGE
from serai.core.errors import Invalid, NotFound
from serai.events import queries
from serai.exchange.models import Listing

Text = Annotated[str, StringConstraints(max_length=8000, pattern=CLEAN)]
Tag = Annotated[
    str, StringConstraints(min_length=2, max_length=35, pattern=r"^[A-Za-z0-9-]+$"), KNOWN_LANGUAGE
]


def looked_up(rows: QuerySet[Any], pk: UUID) -> Any:
    """The row among those the viewer sees; unknown and hidden answer alike."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("Not found."))
    return found


def named(rows: QuerySet[Any], pk: UUID | None, field: str) -> Any:
    """A row named in a body; None stays None, an unknown one is an invalid field."""
    if pk is None:
        return None
    found = rows.filter(pk=pk).first()
    if found is None:
        message = _("There is no such thing, or it is not yours to use.")
        raise Invalid(message, fields={field: message})
    return found


def subject_id(listing: Listing | None) -> UUID | None:
    """A listing that was taken back is no longer named to the other side."""
    found = queries.subject(listing)
    return found.pk if found else None
