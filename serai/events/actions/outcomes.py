"""What came of a meeting: asked right after it and after 3, 6 and 12 months, answered by each side."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit
from serai.core.days import months_later
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.events import messages
from serai.events.actions.meetings import close_meeting, locked_meetings
from serai.events.models import Meeting, Outcome, Participant

MONTHS = (0, 3, 6, 12)
DAYS_TO_ANSWER = {0: 7, 3: 14, 6: 14, 12: 14}
BATCH = 500


@transaction.atomic
def record_outcome(
    *, outcome: Outcome, kind: str, by: User, rating: int | None = None, note: str = ""
) -> Outcome:
    """Answer one question about a meeting; it can be corrected until the next one is asked.

    The first answer also says whether the meeting was held. Raises NotAllowed for anybody but the side that
    was asked, Conflict when a later question has been answered, Invalid for an unknown kind or rating.
    """
    outcome = _locked(outcome)
    if outcome.participant.user_id != by.pk:
        raise NotAllowed(_("Only the one who was asked can answer."))
    _check_answer(kind, rating)
    later = Outcome.objects.filter(
        meeting=outcome.meeting_id,
        participant=outcome.participant_id,
        asked_after_months__gt=outcome.asked_after_months,
        answered_at__isnull=False,
    )
    if later.exists():
        raise Conflict(_("You have answered a later question about this meeting."))
    outcome.kind, outcome.rating, outcome.note = kind, rating, note
    outcome.answered_at = timezone.now()
    outcome.save()
    _say_whether_held(outcome, by)
    audit.record(actor=by, action="events.outcome_recorded", obj=outcome.meeting, data=_data(outcome))
    return outcome


def _locked(outcome: Outcome) -> Outcome:
    rows = Outcome.objects.select_for_update(of=("self",))
    return rows.select_related("participant", "meeting__request__requester", "meeting__request__invitee").get(
        pk=outcome.pk
    )


def _check_answer(kind: str, rating: int | None) -> None:
    wrong: dict[str, str] = {}
    if kind not in Outcome.Kind.values:
        wrong["kind"] = _("Choose what came of it.")
    if rating is not None and not 1 <= rating <= 5:
        wrong["rating"] = _("A rating is 1 to 5.")
    if wrong:
        raise Invalid(_("The answer cannot be saved like this."), fields=wrong)


def _say_whether_held(outcome: Outcome, by: User) -> None:
    meeting = locked_meetings(pk=outcome.meeting_id).get()
    if meeting.status != Meeting.Status.CONFIRMED:
        return
    failed = outcome.kind == Outcome.Kind.DID_NOT_HAPPEN
    close_meeting(meeting, Meeting.Status.NO_SHOW if failed else Meeting.Status.HELD, by)


def _data(outcome: Outcome) -> dict[str, Any]:
    request = outcome.meeting.request
    return {
        "outcome": str(outcome.pk),
        "kind": outcome.kind,
        "months": outcome.asked_after_months,
        "meeting": str(outcome.meeting_id),
        "event": str(outcome.meeting.event_id),
        "request": str(request.pk),
        "listing": str(request.listing_id) if request.listing_id else None,
        "participant": str(outcome.participant_id),
        "organisations": [str(request.requester.organisation_id), str(request.invitee.organisation_id)],
    }


# --- asking -----------------------------------------------------------------------------------------------
def ask_for_outcomes(*, now: datetime | None = None) -> int:
    """Ask both sides of every meeting whose time has come. Returns how many questions are new.

    A meeting nobody said anything about is asked about right after it; later only those that were held, and
    those nobody spoke of.
    """
    now = now or timezone.now()
    return sum(_ask(months, now) for months in MONTHS)


def _ask(months: int, now: datetime) -> int:
    asked = 0
    while True:
        with transaction.atomic():
            meetings = list(_meetings_to_ask(months, now)[:BATCH])
            asked += sum(_ask_both(meeting, months) for meeting in meetings)
        if len(meetings) < BATCH:
            return asked


def _meetings_to_ask(months: int, now: datetime) -> QuerySet[Meeting]:
    before = minus_months(now, months)
    open_statuses = [Meeting.Status.CONFIRMED, Meeting.Status.HELD]
    rows = locked_meetings(status__in=open_statuses, slot__during__endswith__lte=before)
    asked = Outcome.objects.filter(asked_after_months=months).values("meeting_id")
    return rows.filter(~Q(pk__in=asked)).prefetch_related("event__texts")


def _ask_both(meeting: Meeting, months: int) -> int:
    request = meeting.request
    due_on = months_later(meeting.slot.during.upper.date(), months) + timedelta(days=DAYS_TO_ANSWER[months])
    due_on = max(due_on, timezone.localdate() + timedelta(days=1))
    for to, about in ((request.requester, request.invitee), (request.invitee, request.requester)):
        outcome = Outcome.objects.create(
            meeting=meeting, participant=to, asked_after_months=months, due_on=due_on
        )
        _tell(outcome, meeting, to, about)
    audit.record(
        actor=None,
        action="events.outcome_asked",
        obj=meeting,
        data={"meeting": str(meeting.pk), "months": months},
    )
    return 2


def _tell(outcome: Outcome, meeting: Meeting, to: Participant, about: Participant) -> None:
    url = reverse("outcome_answer", args=[outcome.pk])
    messages.ask_outcome(meeting, to=to, about=about, months=outcome.asked_after_months, url=url)


def minus_months(at: datetime, months: int) -> datetime:
    """The same time `months` earlier; the last day of a shorter month."""
    day = months_later(at.date(), -months)
    return at.replace(year=day.year, month=day.month, day=day.day)
