from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from serai.agreements.models import Agreement
from serai.cooperation.models import Facility
from serai.core.tiers import Tier
from serai.events.models import Event, Meeting, MeetingRequest, Participant, Slot, Table
from serai.observatory import indicators, queries
from serai.observatory.indicators import Indicator
from tests.factories import (
    make_agreement,
    make_facility,
    make_member,
    make_organisation,
    make_place,
    make_project,
    make_result,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)


def _named(code: str) -> Indicator:
    indicator = indicators.named(code)
    assert indicator is not None
    return indicator


def _parts(code: str, dimension: str, as_of: date = TODAY) -> dict[str, int | None]:
    return {cell.member: cell.value for cell in queries.parts(_named(code), dimension, as_of)}


def _treaty(*codes: str, **what_matters: Any) -> Agreement:
    places = [make_place(code) for code in codes]
    return make_agreement(*places, kind=Agreement.Kind.INTERGOVERNMENTAL, **what_matters)


def _event(days_ago: int, **what_matters: Any) -> Event:
    ends = datetime(2026, 11, 20, 16, tzinfo=UTC) - timedelta(days=days_ago)
    values = {
        "kind": Event.Kind.MATCHMAKING,
        "status": Event.Status.ENDED,
        "time_zone": "UTC",
        "starts_at": ends - timedelta(hours=8),
        "ends_at": ends,
        "place": make_place("PL"),
        **what_matters,
    }
    return Event.objects.create(**values)


# --- S71 to S77 -------------------------------------------------------------------------------------------
def test_a_country_with_two_treaties_counts_once() -> None:
    _treaty("PL", "KE")
    _treaty("PL", "TH")
    make_agreement()

    assert queries.value(_named("agreement_countries"), TODAY) == 3
    assert _parts("agreements", "country") == {"PL": 3, "KE": 1, "TH": 1}


def test_only_agreements_that_everybody_may_see_and_that_are_in_force_count() -> None:
    _treaty("PL", "KE", tier=Tier.NETWORK)
    _treaty("PL", "KE", status=Agreement.Status.SIGNED, in_force_on=None)
    _treaty("PL", "KE", status=Agreement.Status.EXPIRED, ended_on=date(2026, 6, 1))

    assert queries.value(_named("agreement_countries"), TODAY) == 0
    assert queries.value(_named("agreement_countries"), date(2026, 5, 31)) == 2


def test_an_agreement_stands_under_each_of_its_fields() -> None:
    make_agreement(fields_of_science=["energy", "health"])
    make_agreement(fields_of_science=["energy"])
    make_agreement()

    assert _parts("agreements", "field") == {"energy": 2, "health": 1}


def test_joint_laboratories_are_counted_by_field_and_host_country() -> None:
    polish, kenyan = make_organisation(country=make_place("PL")), make_organisation(country=make_place("KE"))
    make_facility(polish, kenyan, field="energy")
    make_facility(polish, make_organisation(country=make_place("PL")), field="health")
    make_facility(polish, kenyan, field="health", status=Facility.Status.PROPOSED, founded_on=None)

    assert queries.value(_named("joint_laboratories"), TODAY) == 2
    assert _parts("joint_laboratories", "field") == {"energy": 1, "health": 1}
    assert _parts("joint_laboratories", "country") == {"PL": 2, "KE": 1}


def test_transfer_centres_are_counted_by_the_region_they_serve() -> None:
    centre = make_facility(kind=Facility.Kind.TRANSFER_CENTRE, field="")
    centre.region_served.set([make_place("x-asean"), make_place("KE")])

    assert queries.value(_named("transfer_centres"), TODAY) == 1
    assert _parts("transfer_centres", "region") == {"KE": 1, "x-asean": 1}


def test_only_activities_that_were_held_count() -> None:
    _event(0)
    _event(400, kind=Event.Kind.ROADSHOW)
    _event(1, status=Event.Status.CANCELLED)
    _event(1, kind=Event.Kind.TRAINING)
    _event(1, is_public=False)

    assert queries.value(_named("activities"), TODAY) == 2
    assert _parts("activities", "year") == {"2025": 1, "2026": 1}
    assert _parts("activities", "kind") == {"matchmaking": 1, "roadshow": 1}


def test_a_landed_project_counts_even_when_it_has_ended() -> None:
    make_project(status="failed", field="energy")
    make_project(tier=Tier.MUTUAL)
    make_project(status="signed", landed_on=None)

    assert queries.value(_named("projects_landed"), TODAY) == 1
    assert _parts("projects_landed", "field") == {"energy": 1}


def test_only_validated_public_results_count() -> None:
    make_result()
    make_result(status="reported")
    make_result(tier=Tier.NETWORK)

    assert queries.value(_named("results"), TODAY) == 1
    assert _parts("results", "kind") == {"patent": 1}


# --- years ------------------------------------------------------------------------------------------------
def test_a_stock_is_what_existed_at_the_end_of_each_year() -> None:
    make_facility(founded_on=date(2023, 5, 1))
    make_facility(founded_on=date(2024, 5, 1), status=Facility.Status.CLOSED, closed_on=date(2026, 1, 10))
    make_facility(founded_on=date(2024, 5, 1), status=Facility.Status.CLOSED, closed_on=date(2024, 9, 1))

    assert _parts("joint_laboratories", "year") == {"2023": 1, "2024": 2, "2025": 2, "2026": 1}


def test_a_country_exists_in_a_year_if_one_of_its_treaties_does() -> None:
    _treaty("PL", "KE", in_force_on=date(2023, 2, 1), signed_on=date(2023, 1, 1))
    _treaty("PL", "TH", in_force_on=date(2025, 2, 1), signed_on=date(2025, 1, 1))

    assert _parts("agreement_countries", "year") == {"2023": 2, "2024": 2, "2025": 3, "2026": 3}


# --- drill-down -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", [i.code for i in indicators.ALL if i.is_open])
def test_every_part_of_an_open_figure_has_as_many_records_as_it_says(code: str) -> None:
    _treaty("PL", "KE", fields_of_science=["energy"])
    make_agreement(fields_of_science=["health", "energy"])
    make_facility()
    make_facility(kind=Facility.Kind.DEMONSTRATION_CENTRE, place=make_place("KE"), field="agri")
    make_facility(kind=Facility.Kind.OVERSEAS_PARK, place=make_place("KE"), field="")
    centre = make_facility(kind=Facility.Kind.TRANSFER_CENTRE, field="", place=make_place("KE"))
    centre.region_served.set([make_place("x-asean")])
    _event(0)
    make_project(field="energy")
    make_result()
    indicator = _named(code)

    parts = [(d, cell) for d in indicator.breakdowns() for cell in queries.parts(indicator, d, TODAY)]

    assert parts
    for dimension, cell in parts:
        found = queries.records(indicator, TODAY, {dimension: cell.member}).count()
        assert found >= 1
        if indicator.counted == "pk":
            assert found == cell.value


def test_a_year_and_a_field_narrow_together() -> None:
    old = make_facility(
        field="energy",
        founded_on=date(2023, 5, 1),
        status=Facility.Status.CLOSED,
        closed_on=date(2025, 1, 10),
    )
    make_facility(field="health", founded_on=date(2023, 5, 1))
    indicator = _named("joint_laboratories")

    assert list(queries.records(indicator, TODAY, {"field": "energy", "year": "2024"})) == [old]
    assert list(queries.records(indicator, TODAY, {"field": "energy", "year": "2025"})) == []


def test_odd_members_find_nothing_and_break_nothing() -> None:
    make_facility()
    for chosen in ({"year": "x"}, {"year": "0"}, {"country": "' OR 1=1"}, {"field": ""}, {"kind": "a"}):
        queries.records(_named("joint_laboratories"), TODAY, chosen).count()

    assert queries.records(_named("joint_laboratories"), TODAY, {"country": "ZZ"}).count() == 0


# --- meetings: not public ---------------------------------------------------------------------------------
def _meetings(number: int, event: Event) -> None:
    for _turn in range(number):
        organisation = make_organisation()
        people = [
            Participant.objects.create(
                event=event, user=make_member(organisation), organisation=organisation, languages=["en"]
            )
            for _side in range(2)
        ]
        begins = event.starts_at + timedelta(minutes=event.slots.count() * 10)
        slot = Slot.objects.create(event=event, during=(begins, begins + timedelta(minutes=10)))
        table = Table.objects.create(event=event, name=str(event.tables.count() + 1))
        request = MeetingRequest.objects.create(
            event=event, requester=people[0], invitee=people[1], answer_due=TODAY
        )
        Meeting.objects.create(event=event, request=request, slot=slot, table=table, status="held")


def test_few_meetings_are_not_shown_and_many_are_rounded_down() -> None:
    event = _event(0)
    _meetings(4, event)
    assert queries.value(_named("meetings"), TODAY) is None

    _meetings(3, event)
    assert queries.value(_named("meetings"), TODAY) == 5


def test_a_country_with_few_meetings_is_hidden_with_another() -> None:
    _meetings(6, _event(0))
    _meetings(2, _event(1, place=make_place("KE")))
    _meetings(5, _event(2, place=make_place("TH")))

    assert _parts("meetings", "country") == {"PL": 5, "KE": None, "TH": None}


def test_no_meeting_is_listed_behind_its_figure() -> None:
    _meetings(1, _event(0))

    assert queries.records(_named("meetings"), TODAY, {}).count() == 0


# --- arcs -------------------------------------------------------------------------------------------------
def test_arcs_join_the_countries_of_public_cooperation() -> None:
    polish, kenyan = make_organisation(country=make_place("PL")), make_organisation(country=make_place("KE"))
    make_agreement(polish, kenyan, in_force_on=date(2026, 2, 1))
    make_project(polish, kenyan, landed_on=date(2026, 3, 1))
    make_facility(
        polish,
        make_organisation(country=make_place("PL")),
        place=make_place("TH"),
        founded_on=date(2024, 1, 1),
    )
    make_agreement(polish, make_organisation(country=make_place("BR")), tier=Tier.MUTUAL)

    assert [(p.start, p.end, p.count, dict(p.kinds), p.latest) for p in queries.pairs()] == [
        ("KE", "PL", 2, {"agreement": 1, "project": 1}, date(2026, 3, 1)),
        ("PL", "TH", 1, {"facility": 1}, date(2024, 1, 1)),
    ]


def test_a_figure_costs_the_same_number_of_queries_however_many_records() -> None:
    counts = []
    for _turn in range(2):
        make_agreement()
        make_facility()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            for indicator in indicators.ALL:
                queries.value(indicator, TODAY)
                for dimension in indicator.breakdowns():
                    queries.parts(indicator, dimension, TODAY)
            queries.pairs()
        counts.append(len(captured))

    assert counts[0] == counts[1]
