"""The meeting that two sides of an agreed interest can have at an event where both are."""

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.core import ui
from serai.core.viewer import Viewer
from serai.events import policies
from serai.events.models import MeetingRequest, Participant
from serai.events.texts import event_name
from serai.exchange import steps
from serai.exchange.models import Interest
from serai.exchange.policies import is_member_of


@steps.source
def meet_at_an_event(viewer: Viewer, interest: Interest) -> ui.Action | None:
    """Ask the other side for a meeting at the first event that takes requests and has people of both; or see it asked."""
    sides = (interest.organisation_id, interest.listing.organisation_id)
    other = sides[1] if is_member_of(viewer, sides[0]) else sides[0]
    there = _people_to_meet(viewer).filter(organisation_id=other)
    person = there.select_related("event__place").prefetch_related("event__texts").first()
    if person is None:
        return None
    name = event_name(person.event)
    asked = MeetingRequest.objects.filter(status__in=policies.LIVE, event=person.event).filter(
        Q(requester__user_id=viewer.pk, invitee__organisation_id=other)
        | Q(invitee__user_id=viewer.pk, requester__organisation_id=other)
    )
    if asked.exists():
        return ui.Action(_("Meeting requests at %s") % name, reverse("request_list"), "calendar-check")
    return ui.Action(
        _("Ask for a meeting at %s") % name, reverse("participant_detail", args=[person.pk]), "calendar-plus"
    )


def _people_to_meet(viewer: Viewer) -> QuerySet[Participant]:
    """Others whom the viewer sees at events where both take part and meetings can still be asked for."""
    takes = Q(event__requests_until__isnull=True) | Q(event__requests_until__gte=timezone.now())
    rows = policies.visible_participants(viewer).filter(
        takes,
        status__in=policies.TAKING_PART,
        event__status__in=policies.SETS_MEETINGS,
        event_id__in=policies.taking_part(viewer).values("event_id"),
    )
    return rows.exclude(user_id=viewer.pk).order_by("event__starts_at", "user__name", "pk")
