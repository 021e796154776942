"""What this app does when something happened in the apps below: it reads their entries in the log."""

from serai.core import audit
from serai.core.models import AuditEntry
from serai.events.actions.meetings import link_interest
from serai.exchange.models import Interest


@audit.follow("events.link_interests", ["exchange.interest_accepted"])
def link_earlier_meetings(entry: AuditEntry) -> None:
    """An interest that is agreed after the two have met, or have a time to meet, stands in the same chain."""
    interest = Interest.objects.filter(pk=entry.object_id).select_related("listing").first()
    if interest is not None:
        link_interest(interest)
