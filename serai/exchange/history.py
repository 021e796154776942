"""What happened to a listing, for those whose it is and for stewards."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy, pgettext

from serai.accounts import policies as accounts
from serai.core import ui
from serai.core.history import history
from serai.core.viewer import Viewer
from serai.exchange.queries import Record

DECIDED: Mapping[str, object] = {
    "exchange.listing_published": gettext_lazy("reviewed and published the listing"),
    "exchange.listing_on_hold": gettext_lazy("returned the listing for changes"),
    "exchange.listing_rejected": gettext_lazy("rejected the listing"),
}
"""What only stewards of another organisation do. The words complete "Ana …"."""

KEPT: Mapping[str, object] = {
    "exchange.listing_created": gettext_lazy("began the listing"),
    "exchange.facts_saved": gettext_lazy("changed the facts"),
    "exchange.text_saved": gettext_lazy("wrote the text"),
    "exchange.language_set": gettext_lazy("marked the text as another language"),
    "exchange.contact_saved": gettext_lazy("changed the contact"),
    "exchange.listing_submitted": gettext_lazy("sent the listing to the review"),
    "exchange.listing_taken_back": gettext_lazy("took the listing back from the review"),
    "exchange.listing_revised": gettext_lazy("took the listing up again"),
    "exchange.listing_renewed": gettext_lazy("renewed the listing"),
    "exchange.listing_withdrawn": gettext_lazy("withdrew the listing"),
    "exchange.listing_closed": gettext_lazy("closed the listing"),
    "exchange.listing_expired": gettext_lazy("The listing expired."),
    "exchange.listing_passed": gettext_lazy("The listing passed to another organisation."),
}
"""What the owner's people do, and what happens by itself."""


def history_of(viewer: Viewer, record: Record) -> list[ui.Entry]:
    """Nothing for others, nor for a steward who does not know whose an unnamed listing is: names would tell.

    Members read which colleague did what; who reviewed is named to stewards alone.
    """
    sees_all = record.owner_known and accounts.is_steward(viewer)
    if not sees_all and not record.is_own:
        return []
    people = None if sees_all else accounts.visible_people(viewer)
    words = {**DECIDED, **KEPT}
    return history(viewer, "listing", record.listing.pk, words, people=people, others=_unnamed)


def _unnamed(action: str) -> str:
    if action in DECIDED:
        return pgettext("whose name is not shown", "A steward")
    return pgettext("whose name is not shown", "Somebody")
