"""HTTP input of the events pages turned into clean values."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.forms.models import ModelChoiceIterator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.accounts.models import Membership, User
from serai.accounts.policies import organisation_ids
from serai.core.errors import Invalid
from serai.core.viewer import Viewer
from serai.core.words import on_weekday, zone_name
from serai.directory.models import Organisation, Place
from serai.directory.places import by_name, countries, place_name
from serai.events import languages, policies, queries, zones
from serai.events.models import Event, MeetingRequest, Outcome, Participant, Slot
from serai.events.texts import event_day, event_name, slot_hour
from serai.exchange.models import Listing
from serai.exchange.policies import listings_with_known_owner
from serai.exchange.vocabularies import SECTORS, language_choices

DATE_TIME = {"type": "datetime-local"}
CLOCK = {"type": "time"}
COMMON = ("en", "zh", "fr", "es", "ru", "ar", "de", "pt", "it", "ja", "ko", "tr")


def zone_choices() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zones.known_zones())]


def place_choices() -> list[tuple[str, str]]:
    return [("", "—"), *((p.code, place_name(p)) for p in by_name(countries()))]


class LocalTimeField(forms.DateTimeField):
    """A wall-clock time without a zone; the form that has it says whose clocks it means."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs=DATE_TIME, format="%Y-%m-%dT%H:%M")
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], widget=widget, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(timezone.get_default_timezone()):
            found: datetime | None = super().to_python(value)
        return found.replace(tzinfo=None) if found else None

    def prepare_value(self, value: Any) -> Any:
        return value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, datetime) else value


class OtherLanguageField(forms.ChoiceField):
    """One more language than those that stand in a short list."""

    def __init__(self) -> None:
        choices = lambda: [("", "—"), *language_choices()]  # noqa: E731  read when the page is made
        super().__init__(label=_("Another language"), required=False, choices=choices)


class EventChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return event_name(obj)


class EventForm(forms.Form):
    """An event and its text in one language. Times are those of the event's zone."""

    title = forms.CharField(label=_("Title"), max_length=300)
    language = forms.ChoiceField(label=_("Language of the text"), choices=language_choices)
    theme = forms.CharField(label=_("Theme"), max_length=300, required=False)
    description = forms.CharField(
        label=_("What people should know"), max_length=8000, required=False, widget=forms.Textarea
    )
    host = forms.ModelChoiceField(Organisation.objects.none(), label=_("Hosted by"))
    kind = forms.ChoiceField(label=_("Kind"), choices=Event.Kind.choices, initial=Event.Kind.MATCHMAKING)
    mode = forms.ChoiceField(label=_("Where people meet"), choices=Event.Mode.choices)
    place = forms.ChoiceField(label=_("Country or region"), choices=place_choices, required=False)
    venue = forms.CharField(label=_("Venue"), max_length=200, required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        help_text=_("All times of the event are those of its clocks."),
    )
    starts_at = LocalTimeField(label=pgettext_lazy("event", "Begins"))
    ends_at = LocalTimeField(label=pgettext_lazy("event", "Ends"))
    registration_until = LocalTimeField(label=_("Registration until"), required=False)
    requests_until = LocalTimeField(
        label=_("Requests for meetings until"),
        required=False,
        help_text=_("Afterwards the schedule is made."),
    )
    answer_days = forms.IntegerField(
        label=_("Days to answer a request"),
        min_value=1,
        max_value=60,
        initial=5,
        help_text=_("Without an answer a request ends by itself."),
    )
    self_booking = forms.BooleanField(
        label=_("Participants may book free slots themselves"), required=False, initial=True
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages of the event"),
        choices=language_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    other_language = OtherLanguageField()
    sectors = forms.MultipleChoiceField(
        label=_("Sectors"),
        choices=list(SECTORS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    series = forms.CharField(
        label=_("Series"), max_length=200, required=False, help_text=_("If it is held again and again.")
    )
    edition = forms.IntegerField(label=_("Edition"), min_value=1, max_value=999, required=False)
    parent = EventChoice(Event.objects.none(), label=_("Part of"), required=False, empty_label="—")
    is_public = forms.BooleanField(
        label=_("Shown to everybody"),
        required=False,
        initial=True,
        help_text=_("Otherwise only members of the hosts and those registered see it."),
    )

    def __init__(self, *args: Any, viewer: Viewer, event: Event | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        hosts = Organisation.objects.filter(pk__in=policies.hosting_organisation_ids(viewer)).order_by("name")
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]
        own = policies.organised_events(viewer).filter(starts_at__gte=timezone.now() - timedelta(days=30))
        parents = own.exclude(pk=event.pk) if event else own
        self.fields["parent"].queryset = queries.with_event_texts(parents)  # type: ignore[attr-defined]
        self.fields["languages"].choices = short_language_choices(  # type: ignore[attr-defined]
            event.languages if event else []
        )
        if event is not None:
            for name in ("title", "language", "theme", "description", "host", "parent"):
                del self.fields[name]
        elif hosts.count() == 1:
            self.initial.setdefault("host", hosts[0].pk)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        zone = zones.zone_of(data.get("time_zone", "UTC"))
        for name in ("starts_at", "ends_at", "registration_until", "requests_until"):
            if data.get(name):
                data[name] = _moment(data[name], zone, self, name)
        data["place"] = Place.objects.filter(code=data.get("place") or "").first()
        return take_other_language(self, data)


def _moment(value: datetime, zone: Any, form: forms.Form, name: str) -> datetime:
    try:
        return zones.moment(value.date(), value.time(), zone)
    except Invalid as skipped:
        form.add_error(name, str(skipped))
        return value.replace(tzinfo=zone)


def short_language_choices(first: list[str]) -> list[tuple[str, str]]:
    """A list one can overlook: the given languages and the common ones, in the order of the reader's alphabet."""
    wanted = {*languages.primaries(first), *COMMON}
    return [(tag, name) for tag, name in language_choices() if tag in wanted]


def event_initial(event: Event) -> dict[str, Any]:
    """What the form shows of an event: its times as its own clocks show them."""
    zone = zones.zone_of(event.time_zone)
    names = ("kind", "mode", "venue", "time_zone", "answer_days", "self_booking", "series", "edition")
    values: dict[str, Any] = {name: getattr(event, name) for name in (*names, "is_public", "sectors")}
    for name in ("starts_at", "ends_at", "registration_until", "requests_until"):
        at = getattr(event, name)
        values[name] = at.astimezone(zone).replace(tzinfo=None) if at else None
    return {
        **values,
        "languages": languages.primaries(event.languages),
        "place": event.place.code if event.place else "",
    }


def take_other_language(form: forms.Form, data: dict[str, Any]) -> dict[str, Any]:
    """The languages ticked with the other one chosen; at least one."""
    other = data.pop("other_language", "")
    chosen = data.get("languages") or []
    data["languages"] = [*chosen, *([other] if other and other not in chosen else [])]
    if not data["languages"]:
        form.add_error("languages", _("Choose at least one."))
    return data


class TextForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=language_choices)
    title = forms.CharField(label=_("Title"), max_length=300)
    theme = forms.CharField(label=_("Theme"), max_length=300, required=False)
    description = forms.CharField(
        label=_("What people should know"), max_length=8000, required=False, widget=forms.Textarea
    )


def event_days(event: Event) -> list[date]:
    """The days of an event by its own clocks, at most 31."""
    zone = zones.zone_of(event.time_zone)
    first, last = event.starts_at.astimezone(zone).date(), event.ends_at.astimezone(zone).date()
    return [first + timedelta(days=n) for n in range(min((last - first).days + 1, 31))]


class SlotsForm(forms.Form):
    days = forms.MultipleChoiceField(label=_("On these days"), widget=forms.CheckboxSelectMultiple)
    begin = forms.TimeField(
        label=pgettext_lazy("time of day", "From"), widget=forms.TimeInput(attrs=CLOCK, format="%H:%M")
    )
    end = forms.TimeField(
        label=pgettext_lazy("time of day", "To"), widget=forms.TimeInput(attrs=CLOCK, format="%H:%M")
    )
    minutes = forms.IntegerField(label=_("Minutes a meeting"), min_value=5, max_value=240, initial=20)
    gap_min = forms.IntegerField(label=_("Minutes between two"), min_value=0, max_value=120, initial=5)
    pause_from = forms.TimeField(
        label=_("Pause from"), required=False, widget=forms.TimeInput(attrs=CLOCK, format="%H:%M")
    )
    pause_to = forms.TimeField(
        label=_("Pause to"), required=False, widget=forms.TimeInput(attrs=CLOCK, format="%H:%M")
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = event_days(event)
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (d.isoformat(), on_weekday(d)) for d in days
        ]
        self.initial.setdefault("days", [d.isoformat() for d in days])

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        pause: tuple[time, time] | None = None
        if data["pause_from"] and data["pause_to"]:
            pause = (data["pause_from"], data["pause_to"])
        return {
            "days": [date.fromisoformat(d) for d in data["days"]],
            "begin": data["begin"],
            "end": data["end"],
            "minutes": data["minutes"],
            "gap_min": data["gap_min"],
            "pauses": [pause] if pause else [],
        }


class TablesForm(forms.Form):
    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=200, initial=10)
    is_online = forms.BooleanField(label=_("Online rooms, not tables"), required=False)
    links = forms.CharField(
        label=_("Links of the online rooms"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, in order. Only those who meet there see them."),
    )

    def clean_links(self) -> list[str]:
        check = forms.URLField(assume_scheme="https")
        return [check.clean(line.strip()) for line in self.cleaned_data["links"].splitlines() if line.strip()]


class InterpreterForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=150)
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=language_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    other_language = OtherLanguageField()
    user = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Account"),
        required=False,
        empty_label="—",
        help_text=_("A member of a hosting organisation: sees the meetings on their own day."),
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.filter(
            organisation__in=event.hosts.all(), status=Membership.Status.ACTIVE
        )
        people = User.objects.filter(pk__in=members.values("user_id")).order_by("name")
        self.fields["user"].queryset = people  # type: ignore[attr-defined]
        spoken = [tag for tags in event.participants.values_list("languages", flat=True) for tag in tags]
        self.fields["languages"].choices = short_language_choices(  # type: ignore[attr-defined]
            [*event.languages, *spoken]
        )

    def clean(self) -> dict[str, Any]:
        return take_other_language(self, super().clean() or {})


def named_listings(organisation_ids_: Any) -> QuerySet[Listing]:
    """Published listings that name their owner: taking part with one shows whose it is."""
    return Listing.objects.filter(
        organisation_id__in=organisation_ids_,
        status=Listing.Status.PUBLISHED,
        disclosure=Listing.Disclosure.NAMED,
    ).prefetch_related("teasers")


class ListingChoice(forms.ModelChoiceField):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, empty_label="—", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        text = queries.listing_title(obj)
        return text[:90]


class SlotDays(ModelChoiceIterator):  # type: ignore[type-arg]
    """The slots under the days they are on, as the clocks at the event count them."""

    def __iter__(self) -> Iterator[Any]:
        event = self.field.event  # type: ignore[attr-defined]
        for day, slots in groupby(self.queryset, key=lambda slot: event_day(event, slot.during.lower)):
            yield day, [self.choice(slot) for slot in slots]


class SlotChoice(forms.ModelMultipleChoiceField):
    iterator = SlotDays
    event: Event

    def label_from_instance(self, obj: Any) -> str:
        return slot_hour(self.event, obj.during.lower)


class RegistrationForm(forms.Form):
    """Taking part: for whom, in which languages, when not, and whether others may see it."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("For which organisation"))
    languages = forms.MultipleChoiceField(
        label=_("Languages you can talk in"),
        choices=language_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    other_language = OtherLanguageField()
    listing = ListingChoice(
        Listing.objects.none(),
        label=_("Listing you show"),
        required=False,
        help_text=_("What you offer or look for; others find you by it."),
    )
    is_online = forms.BooleanField(label=_("I take part online"), required=False)
    max_meetings = forms.IntegerField(
        label=_("At most so many meetings"), required=False, min_value=1, max_value=200
    )
    absent_slots = SlotChoice(
        Slot.objects.none(),
        label=_("Times you are not there"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    consent_listed = forms.BooleanField(
        label=_("Other confirmed participants may see my name, organisation and languages"),
        required=False,
        help_text=_("Without this nobody can ask you for a meeting; you can still ask others."),
    )

    def __init__(self, *args: Any, viewer: User, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Organisation.objects.filter(pk__in=organisation_ids(viewer)).order_by("name")
        self.fields["organisation"].queryset = mine  # type: ignore[attr-defined]
        self.fields["listing"].queryset = named_listings(organisation_ids(viewer))  # type: ignore[attr-defined]
        slots = self.fields["absent_slots"]
        slots.event = event  # type: ignore[attr-defined]
        slots.queryset = event.slots.order_by("during")  # type: ignore[attr-defined]
        zone = {"zone": zone_name(event.time_zone)}
        slots.help_text = _("Times of %(zone)s. Nobody is given a meeting with you then.") % zone
        own = [*event.languages, viewer.language, *viewer.reads, *(self.initial.get("languages") or [])]
        self.fields["languages"].choices = short_language_choices(own)  # type: ignore[attr-defined]
        if event.mode == Event.Mode.ON_SITE:
            del self.fields["is_online"]
        if len(mine) == 1:
            self.initial.setdefault("organisation", mine[0].pk)
        self.initial.setdefault("languages", [languages.primary(viewer.language)])

    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        extra = data.pop("other_language")
        spoken = [*data["languages"], *([extra] if extra and extra not in data["languages"] else [])]
        return {**data, "languages": spoken, "absent_slots": list(data["absent_slots"])}


def registration_initial(participant: Participant) -> dict[str, Any]:
    return {
        "organisation": participant.organisation_id,
        "languages": languages.primaries(participant.languages),
        "listing": participant.listing_id,
        "is_online": participant.is_online,
        "max_meetings": participant.max_meetings,
        "absent_slots": list(participant.absent_slots.values_list("pk", flat=True)),
        "consent_listed": participant.consent_listed,
    }


class AskForm(forms.Form):
    strength = forms.ChoiceField(
        label=_("How much do you want it?"),
        choices=MeetingRequest.Strength.choices,
        initial=MeetingRequest.Strength.WANT,
        widget=forms.RadioSelect,
        help_text=_("Only the organisers see this; it helps to place the meetings."),
    )
    listing = ListingChoice(Listing.objects.none(), label=_("What is it about?"), required=False)
    message = forms.CharField(
        label=_("Your message"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(
        self,
        *args: Any,
        requester: Participant,
        invitee: Participant,
        viewer: User,
        about: str = "",
        **kwargs: Any,
    ) -> None:
        """`about` names the listing the reader came from; what is preset can be changed."""
        super().__init__(*args, **kwargs)
        theirs = listings_with_known_owner(viewer).filter(organisation_id=invitee.organisation_id)
        both = Q(organisation_id=requester.organisation_id) | Q(pk__in=theirs.values("pk"))
        subjects = Listing.objects.filter(both, status=Listing.Status.PUBLISHED)
        self.fields["listing"].queryset = subjects.prefetch_related("teasers")  # type: ignore[attr-defined]
        likely = [about, *map(str, queries.likely_subjects(requester, invitee))]
        offered = {str(pk) for pk in subjects.values_list("pk", flat=True)}
        self.initial.setdefault("listing", next((pk for pk in likely if pk in offered), None))


class AnswerForm(forms.Form):
    strength = forms.ChoiceField(choices=MeetingRequest.Strength.choices, required=False)

    def clean_strength(self) -> str:
        return self.cleaned_data["strength"] or MeetingRequest.Strength.WANT


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why not?"), choices=MeetingRequest.DeclineReason.choices, widget=forms.RadioSelect
    )
    answer = forms.CharField(
        label=_("A sentence to the other side"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class OutcomeForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What came of it?"), choices=Outcome.Kind.choices, widget=forms.RadioSelect
    )
    rating = forms.TypedChoiceField(
        label=_("Was it worth your time?"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "—"), (5, _("5 – very much")), (4, "4"), (3, "3"), (2, "2"), (1, _("1 – not at all"))],
    )
    note = forms.CharField(
        label=_("Note for the organisers"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RunForm(forms.Form):
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        help_text=_("The same seed gives the same schedule."),
    )
    keep = forms.BooleanField(label=_("Meetings that stand keep their time"), required=False, initial=True)
