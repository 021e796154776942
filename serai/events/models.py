"""Events and their one-to-one meetings. Nobody, no table and no interpreter is in two places at once:
the database refuses it (`MeetingSeat`)."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.models import LineField, Record
from serai.core.text import MultilingualText
from serai.directory.models import Organisation, Place
from serai.exchange.models import Listing


class Event(Record):
    """A forum, roadshow or matchmaking event; `series` and `edition` number what is repeated.

    With `self_booking` two participants who agreed to meet may take a free common slot themselves.
    """

    class Kind(models.TextChoices):
        FORUM = "forum", pgettext_lazy("event", "Forum")
        MATCHMAKING = "matchmaking", pgettext_lazy("event", "Matchmaking event")
        ROADSHOW = "roadshow", pgettext_lazy("event", "Roadshow")
        SEMINAR = "seminar", pgettext_lazy("event", "Seminar")
        TRAINING = "training", pgettext_lazy("event", "Training")

    class Mode(models.TextChoices):
        ON_SITE = "on_site", pgettext_lazy("event mode", "On site")
        ONLINE = "online", pgettext_lazy("event mode", "Online")
        HYBRID = "hybrid", pgettext_lazy("event mode", "Hybrid")

    class Status(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("event status", "Planned")
        ANNOUNCED = "announced", pgettext_lazy("event status", "Announced")
        REGISTRATION = "registration", pgettext_lazy("event status", "Registration open")
        CLOSED = "closed", pgettext_lazy("event status", "Registration closed")
        RUNNING = "running", pgettext_lazy("event status", "Running")
        ENDED = "ended", pgettext_lazy("event status", "Ended")
        REPORTED = "reported", pgettext_lazy("event status", "Reported")
        CANCELLED = "cancelled", pgettext_lazy("event status", "Cancelled")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    series = LineField(max_length=200, blank=True)
    edition = models.PositiveSmallIntegerField(null=True, blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    hosts = models.ManyToManyField(Organisation, related_name="events_hosted")
    place = models.ForeignKey(Place, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    venue = LineField(max_length=200, blank=True)
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.ON_SITE)
    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    languages = ArrayField(models.CharField(max_length=35), default=list)
    sectors = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PLANNED)
    registration_until = models.DateTimeField(null=True, blank=True)
    requests_until = models.DateTimeField(null=True, blank=True)
    answer_days = models.PositiveSmallIntegerField(default=5)
    self_booking = models.BooleanField(default=True)
    is_public = models.BooleanField(default=True)
    is_invented = models.BooleanField(default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="event_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["series", "edition"],
                condition=models.Q(edition__isnull=False),
                name="one_edition_once",
            ),
        ]
        indexes = [models.Index(fields=["is_public", "status", "starts_at"])]

    def __str__(self) -> str:
        return self.series or str(self.pk)


class EventText(MultilingualText):
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="texts")
    title = LineField(max_length=300)
    theme = LineField(max_length=300, blank=True)
    description = models.TextField(max_length=8000, blank=True)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["event", "language"], name="one_event_text")]

    def __str__(self) -> str:
        return self.title


class Slot(Record):
    """One period in which meetings take place. The slots of an event do not overlap."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="slots")
    during = DateTimeRangeField()

    class Meta(Record.Meta):
        constraints = [
            ExclusionConstraint(
                name="slots_of_an_event_do_not_overlap",
                expressions=[("event", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            )
        ]
        ordering = ["during"]

    def __str__(self) -> str:
        return str(self.during)


class Table(Record):
    """A meeting table, or an online room where `is_online`."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="tables")
    name = LineField(max_length=40)
    is_online = models.BooleanField(default=False)
    link = models.URLField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["event", "name"], name="one_table_name_once")]
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Interpreter(Record):
    """An interpreter of an event and the languages they work between."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="interpreters")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = LineField(max_length=150)
    languages = ArrayField(models.CharField(max_length=35))

    def __str__(self) -> str:
        return self.name


class Participant(Record):
    """Somebody registered for an event, for an organisation."""

    class Status(models.TextChoices):
        SUBMITTED = "submitted", pgettext_lazy("registration", "Submitted")
        CONFIRMED = "confirmed", pgettext_lazy("registration", "Confirmed")
        REFUSED = "refused", pgettext_lazy("registration", "Refused")
        WAITING = "waiting", pgettext_lazy("registration", "On the waiting list")
        CHECKED_IN = "checked_in", pgettext_lazy("registration", "Checked in")
        WITHDRAWN = "withdrawn", pgettext_lazy("registration", "Withdrawn")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="participations")
    listing = models.ForeignKey(Listing, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    languages = ArrayField(models.CharField(max_length=35))
    is_online = models.BooleanField(default=False)
    max_meetings = models.PositiveSmallIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    consent_listed = models.BooleanField(default=False)
    absent_slots = models.ManyToManyField(Slot, blank=True, related_name="+")
    checked_in_at = models.DateTimeField(null=True)
    feed_hash = models.CharField(max_length=64, blank=True, db_index=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["event", "user"],
                condition=~models.Q(status__in=["withdrawn", "refused"]),
                name="one_registration_per_person",
            ),
        ]
        indexes = [models.Index(fields=["event", "status"])]

    def __str__(self) -> str:
        return self.status


class MeetingRequest(Record):
    """One participant's wish to meet another, with its strength. Both may wish; silence expires."""

    class Strength(models.TextChoices):
        MUST = "must", pgettext_lazy("meeting request", "Must meet")
        WANT = "want", pgettext_lazy("meeting request", "Want to meet")
        MAYBE = "maybe", pgettext_lazy("meeting request", "If there is time")

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("meeting request status", "Waiting for an answer")
        ACCEPTED = "accepted", pgettext_lazy("meeting request status", "Accepted")
        DECLINED = "declined", pgettext_lazy("meeting request status", "Declined")
        EXPIRED = "expired", pgettext_lazy("meeting request status", "Expired")
        WITHDRAWN = "withdrawn", pgettext_lazy("meeting request status", "Withdrawn")
        SCHEDULED = "scheduled", pgettext_lazy("meeting request status", "Scheduled")

    class DeclineReason(models.TextChoices):
        NO_FIT = "no_fit", pgettext_lazy("declined meeting", "Does not fit what we look for")
        IN_CONTACT = "in_contact", pgettext_lazy("declined meeting", "We are in contact already")
        COLLEAGUE = "colleague", pgettext_lazy("declined meeting", "A colleague is the right person")
        NO_TIME = "no_time", pgettext_lazy("declined meeting", "No time at this event")
        OTHER = "other", pgettext_lazy("declined meeting", "Another reason")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="requests")
    requester = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="requests_made")
    invitee = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="requests_received")
    strength = models.CharField(max_length=5, choices=Strength.choices, default=Strength.WANT)
    answer_strength = models.CharField(max_length=5, choices=Strength.choices, blank=True)
    listing = models.ForeignKey(Listing, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    message = models.TextField(max_length=1000, blank=True)
    language = models.CharField(max_length=35, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    answer_due = models.DateField()
    decline_reason = models.CharField(max_length=12, choices=DeclineReason.choices, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    unmet_reason = models.CharField(max_length=200, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                models.functions.Least("requester", "invitee"),
                models.functions.Greatest("requester", "invitee"),
                condition=models.Q(status__in=["pending", "accepted", "scheduled"]),
                name="one_request_per_pair",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="declined") | ~models.Q(decline_reason=""),
                name="a_declined_meeting_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(requester=models.F("invitee")), name="nobody_meets_themselves"
            ),
        ]
        indexes = [models.Index(fields=["event", "status"]), models.Index(fields=["status", "answer_due"])]

    def __str__(self) -> str:
        return self.status


class ScheduleRun(Record):
    """One run of the scheduler and what it proved."""

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("schedule", "Queued")
        RUNNING = "running", pgettext_lazy("schedule", "Running")
        PROPOSED = "proposed", pgettext_lazy("schedule", "Proposed")
        PUBLISHED = "published", pgettext_lazy("schedule", "Published")
        FAILED = "failed", pgettext_lazy("schedule", "Failed")
        SUPERSEDED = "superseded", pgettext_lazy("schedule", "Superseded")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="schedule_runs")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    seed = models.PositiveIntegerField(default=0)
    weight = models.FloatField(null=True)
    weight_bound = models.FloatField(null=True)
    breaks = models.PositiveIntegerField(null=True)
    breaks_bound = models.PositiveIntegerField(null=True)
    granted = models.PositiveIntegerField(null=True)
    asked = models.PositiveIntegerField(null=True)
    options = models.JSONField(default=dict)
    progress = models.JSONField(default=list)
    plan = models.JSONField(default=dict)
    message = models.TextField(blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.status


class Meeting(Record):
    """A request that has a slot, a table or a link, and an interpreter where the two share no language."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", pgettext_lazy("meeting status", "Confirmed")
        HELD = "held", pgettext_lazy("meeting status", "Held")
        NO_SHOW = "no_show", pgettext_lazy("meeting status", "Somebody did not come")
        CANCELLED = "cancelled", pgettext_lazy("meeting status", "Cancelled")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="meetings")
    request = models.ForeignKey(MeetingRequest, on_delete=models.PROTECT, related_name="meetings")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="meetings")
    table = models.ForeignKey(Table, on_delete=models.PROTECT, related_name="meetings")
    language = models.CharField(max_length=35, blank=True)
    interpreter = models.ForeignKey(
        Interpreter, null=True, blank=True, on_delete=models.PROTECT, related_name="meetings"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CONFIRMED)
    sequence = models.PositiveIntegerField(default=0)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=~models.Q(status="cancelled"), name="one_meeting_per_request"
            )
        ]
        indexes = [models.Index(fields=["event", "status"])]

    def __str__(self) -> str:
        return self.status


class MeetingSeat(models.Model):
    """One row for every participant, person, table and interpreter of a meeting.

    The exclusion constraint makes a double booking impossible, whoever writes and however many at once.
    `who` is the id of the *person* (not of the registration), so two events cannot take the same hour either.
    Seats of a cancelled meeting are kept and inactive.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "person"
        TABLE = "table", "table"
        INTERPRETER = "interpreter", "interpreter"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="seats")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    who = models.UUIDField()
    during = DateTimeRangeField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="nobody_is_in_two_places",
                expressions=[("who", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=models.Q(is_active=True),
            )
        ]
        indexes = [models.Index(fields=["who"])]

    def __str__(self) -> str:
        return self.kind


class Outcome(Record):
    """What came of a meeting, as one side says; asked right after it and again after 3, 6 and 12 months."""

    class Kind(models.TextChoices):
        NO_NEXT_STEP = "no_next_step", pgettext_lazy("outcome", "No next step")
        STAY_IN_TOUCH = "stay_in_touch", pgettext_lazy("outcome", "Stay in touch")
        NEGOTIATE = "negotiate", pgettext_lazy("outcome", "Negotiate a cooperation")
        AGREED = "agreed", pgettext_lazy("outcome", "Cooperation agreed")
        DID_NOT_HAPPEN = "did_not_happen", pgettext_lazy("outcome", "The meeting did not happen")

    GOES_ON = (Kind.NEGOTIATE, Kind.AGREED)

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="outcomes")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="outcomes")
    asked_after_months = models.PositiveSmallIntegerField(default=0)
    due_on = models.DateField()
    kind = models.CharField(max_length=14, choices=Kind.choices, blank=True)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.TextField(max_length=2000, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "participant", "asked_after_months"], name="one_outcome_per_question"
            ),
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True) | models.Q(rating__range=(1, 5)),
                name="rating_is_1_to_5",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=models.Q(answered_at__isnull=True), name="outcomes_due")
        ]

    def __str__(self) -> str:
        return self.kind
