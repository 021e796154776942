"""The registry of indicators: what is counted, how, from which records. Nothing computed is typed in.

Every figure is a query over records. Records that everybody may see are listed behind their figure; figures
over other records (`is_open` false) are shown only as `suppression` allows, and list nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import CharField, DateField, F, Func, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf, TruncDate
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.agreements import policies as agreements
from serai.agreements.models import Agreement
from serai.cooperation import policies as cooperation
from serai.cooperation.models import Facility
from serai.core.viewer import ANYONE
from serai.events import policies as events
from serai.events.models import Event, Meeting

Words = str | Promise

NEVER = Cast(Value(None), output_field=DateField())
_PARTY_COUNTRY = Coalesce("parties__place__code", "parties__organisation__country__code")
COUNTRY, FIELD, REGION, KIND, YEAR = "country", "field", "region", "kind", "year"

DIMENSIONS: Mapping[str, Words] = {
    COUNTRY: pgettext_lazy("dimension", "Country or region"),
    FIELD: pgettext_lazy("dimension", "Field"),
    REGION: pgettext_lazy("dimension", "Region served"),
    KIND: pgettext_lazy("dimension", "Kind"),
    YEAR: pgettext_lazy("dimension", "Year"),
}


@dataclass(frozen=True)
class Indicator:
    """One indicator. `records` gives the qualifying records of all time, annotated with the day on which each
    began to count (`began_on`) and the day it ceased to (`until`, null: it still does or never will).

    `is_stock`: what exists on a day (laboratories); else what happened up to it (events). `counted` is what is
    counted once, the record itself or, say, its countries. `dimensions` maps each breakdown to the expression
    of its members.
    """

    code: str
    name: Words
    unit: Words
    definition: Words
    rule: Words
    source: Words
    responsible: Words
    kind: str
    records: Callable[[], QuerySet[Any]]
    is_stock: bool
    dimensions: Mapping[str, Any] = field(default_factory=dict)
    counted: Any = "pk"
    is_open: bool = True

    def breakdowns(self) -> Sequence[str]:
        return [*self.dimensions, YEAR]

    def member_of(self, dimension: str) -> Any:
        """The expression that gives the member of a record in a dimension."""
        path = self.dimensions[dimension]
        return F(path) if isinstance(path, str) else path


def _unnest(name: str) -> Func:
    return Func(F(name), function="unnest", output_field=CharField())


def _spanning(found: QuerySet[Any], began_on: Any, until: Any) -> QuerySet[Any]:
    return cast(QuerySet[Any], found.annotate(began_on=began_on, until=until))


def _agreements() -> QuerySet[Any]:
    in_force = agreements.visible_agreements(ANYONE).filter(in_force_on__isnull=False)
    return _spanning(in_force, F("in_force_on"), F("ended_on"))


def _intergovernmental() -> QuerySet[Any]:
    return _agreements().filter(kind__in=[Agreement.Kind.INTERGOVERNMENTAL, Agreement.Kind.PROTOCOL])


def _facilities(kind: str) -> Callable[[], QuerySet[Any]]:
    def founded() -> QuerySet[Any]:
        known = cooperation.visible_facilities(ANYONE).filter(kind=kind, founded_on__isnull=False)
        return _spanning(known, F("founded_on"), F("closed_on"))

    return founded


def _activities() -> QuerySet[Any]:
    held = events.visible_events(ANYONE).filter(
        kind__in=[Event.Kind.MATCHMAKING, Event.Kind.ROADSHOW, Event.Kind.FORUM, Event.Kind.SEMINAR],
        status__in=[Event.Status.ENDED, Event.Status.REPORTED],
    )
    return _spanning(held, TruncDate("ends_at"), NEVER)


def _projects() -> QuerySet[Any]:
    landed = cooperation.visible_projects(ANYONE).filter(landed_on__isnull=False)
    return _spanning(landed, F("landed_on"), NEVER)


def _results() -> QuerySet[Any]:
    return _spanning(cooperation.visible_results(ANYONE), F("achieved_on"), NEVER)


def _meetings() -> QuerySet[Any]:
    held = Meeting.objects.filter(status=Meeting.Status.HELD)
    return _spanning(held, TruncDate("slot__during__startswith"), NEVER)


_REGISTER = _("The public records of this node; every figure lists them.")
_PARTIES = _("The parties report, a steward validates.")
_HOSTS = _("The hosts report, the secretariat publishes.")
_SECRETARIAT = _("The secretariat of this node.")
_field = NullIf("field", Value(""))
_hosts = "hosts__country__code"

ALL: Sequence[Indicator] = (
    Indicator(
        code="agreement_countries",
        name=_("Countries and regions with inter-governmental agreements in force"),
        unit=_("countries and regions"),
        definition=_(
            "Countries, regions and unions that are party to at least one inter-governmental agreement or protocol on cooperation that is in force."
        ),
        rule=_(
            "Each country, region or union counts once, however many agreements it has. It counts from the day the first enters into force until the last has ended."
        ),
        source=_REGISTER,
        responsible=_SECRETARIAT,
        kind="agreement",
        records=_intergovernmental,
        is_stock=True,
        counted=_PARTY_COUNTRY,
        dimensions={COUNTRY: _PARTY_COUNTRY, FIELD: _unnest("fields_of_science")},
    ),
    Indicator(
        code="agreements",
        name=_("Agreements in force"),
        unit=_("agreements"),
        definition=_(
            "Agreements of every kind, between governments, regions or institutions, that are in force."
        ),
        rule=_(
            "Each agreement counts once in the total, and once for each of its countries and fields, so that the parts add up to more than the total."
        ),
        source=_REGISTER,
        responsible=_SECRETARIAT,
        kind="agreement",
        records=_agreements,
        is_stock=True,
        dimensions={COUNTRY: _PARTY_COUNTRY, FIELD: _unnest("fields_of_science"), KIND: "kind"},
    ),
    Indicator(
        code="joint_laboratories",
        name=_("Joint laboratories"),
        unit=_("laboratories"),
        definition=_("Laboratories run together by hosts of at least two organisations, in operation."),
        rule=_("Counted from the day it begins to operate until it closes; once for each host country."),
        source=_REGISTER,
        responsible=_HOSTS,
        kind="facility",
        records=_facilities(Facility.Kind.JOINT_LABORATORY),
        is_stock=True,
        dimensions={FIELD: _field, COUNTRY: _hosts},
    ),
    Indicator(
        code="demonstration_centres",
        name=_("Demonstration centres"),
        unit=_("centres"),
        definition=_(
            "Centres that show a technology in use where it is needed, for example in agriculture, in operation."
        ),
        rule=_("Counted from the day it begins to operate until it closes; by the country it stands in."),
        source=_REGISTER,
        responsible=_HOSTS,
        kind="facility",
        records=_facilities(Facility.Kind.DEMONSTRATION_CENTRE),
        is_stock=True,
        dimensions={COUNTRY: "place__code", FIELD: _field},
    ),
    Indicator(
        code="overseas_parks",
        name=_("Overseas parks"),
        unit=_("parks"),
        definition=_(
            "Science and industrial parks that an organisation of one country runs in another, in operation."
        ),
        rule=_("Counted from the day it begins to operate until it closes; by the country it stands in."),
        source=_REGISTER,
        responsible=_HOSTS,
        kind="facility",
        records=_facilities(Facility.Kind.OVERSEAS_PARK),
        is_stock=True,
        dimensions={COUNTRY: "place__code"},
    ),
    Indicator(
        code="transfer_centres",
        name=_("Technology-transfer centres"),
        unit=_("centres"),
        definition=_(
            "Centres that bring technology across borders to the countries and regions they serve, in operation."
        ),
        rule=_("Each centre counts once in the total, and once for each region it serves."),
        source=_REGISTER,
        responsible=_HOSTS,
        kind="facility",
        records=_facilities(Facility.Kind.TRANSFER_CENTRE),
        is_stock=True,
        dimensions={REGION: "region_served__code", COUNTRY: "place__code"},
    ),
    Indicator(
        code="activities",
        name=_("Exchange and matching activities held"),
        unit=_("activities"),
        definition=_("Matchmaking events, roadshows, forums and seminars that took place."),
        rule=_("Counted on the day they end. An edition of a series counts once; cancelled events do not."),
        source=_REGISTER,
        responsible=_("The organisers report."),
        kind="event",
        records=_activities,
        is_stock=False,
        dimensions={COUNTRY: "place__code", KIND: "kind"},
    ),
    Indicator(
        code="projects_landed",
        name=_("Cooperation projects landed"),
        unit=_("projects"),
        definition=_("Projects between organisations whose work has begun at a place after signature."),
        rule=_(
            "Counted on the day they land, also when they have ended since; once for each country of a party."
        ),
        source=_REGISTER,
        responsible=_PARTIES,
        kind="project",
        records=_projects,
        is_stock=False,
        dimensions={COUNTRY: "parties__organisation__country__code", FIELD: _field},
    ),
    Indicator(
        code="results",
        name=_("Cooperation results"),
        unit=_("results"),
        definition=_(
            "Publications, patents, licences, products, pilots, firms, jobs, investments and trainings that came of projects and joint facilities."
        ),
        rule=_(
            "Counted on the day they were achieved, once somebody other than the reporter has validated the evidence."
        ),
        source=_REGISTER,
        responsible=_PARTIES,
        kind="result",
        records=_results,
        is_stock=False,
        dimensions={KIND: "kind"},
    ),
    Indicator(
        code="meetings",
        name=_("Meetings held"),
        unit=_("meetings"),
        definition=_("One-to-one meetings at events that took place."),
        rule=_(
            "Who met whom is the participants' own. Figures below five are not shown, all others are rounded down to a multiple of five."
        ),
        source=_("The schedules of the events; their records are not public."),
        responsible=_("The organisers report."),
        kind="meeting",
        records=_meetings,
        is_stock=False,
        dimensions={COUNTRY: "event__place__code"},
        is_open=False,
    ),
)
_BY_CODE = {indicator.code: indicator for indicator in ALL}
FRONT = ("agreement_countries", "joint_laboratories", "activities", "projects_landed")
"""The figures of the first page."""


def named(code: str) -> Indicator | None:
    return _BY_CODE.get(code)
