import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from serai.accounts.models import NodeRole
from serai.core.errors import Invalid, NotAllowed
from serai.core.models import AuditEntry
from serai.observatory import actions, indicators
from serai.observatory.models import Release
from tests.factories import make_facility, make_project, make_steward, make_user

pytestmark = pytest.mark.django_db


def test_a_release_freezes_every_indicator_with_its_records() -> None:
    laboratory = make_facility(founded_on=date(2024, 3, 1), field="energy")
    make_facility(founded_on=date(2026, 3, 1))

    release = actions.release_year(year=2025)

    totals = {v.indicator: v for v in release.values.filter(dimension="")}
    assert set(totals) == {indicator.code for indicator in indicators.ALL}
    assert totals["joint_laboratories"].value == 1
    assert totals["joint_laboratories"].records == [str(laboratory.pk)]
    parts = release.values.filter(indicator="joint_laboratories", dimension="field")
    assert [(v.member, v.value) for v in parts] == [("energy", 1)]
    assert (release.as_of, release.status, release.version) == (date(2025, 12, 31), "final", 1)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["observatory.released"]


def test_a_frozen_figure_does_not_change_and_a_correction_says_why() -> None:
    first = actions.release_year(year=2025)
    make_project(landed_on=date(2025, 6, 1))

    with pytest.raises(Invalid):
        actions.release_year(year=2025)
    second = actions.release_year(year=2025, note="A project was reported late.")

    values = [r.values.get(indicator="projects_landed", dimension="").value for r in (first, second)]
    assert values == [0, 1]
    assert (second.version, second.corrects) == (2, first)


def test_the_running_year_is_provisional() -> None:
    release = actions.release_year(year=timezone.localdate().year)

    assert (release.status, release.as_of) == ("provisional", timezone.localdate())


@pytest.mark.parametrize("year", [1899, 2999, -1])
def test_a_year_that_has_not_begun_is_not_released(year: int) -> None:
    with pytest.raises(Invalid):
        actions.release_year(year=year)


def test_only_the_secretariat_releases() -> None:
    secretary = make_user()
    NodeRole.objects.create(user=secretary, role=NodeRole.Role.SECRETARIAT)

    for person in (make_user(), make_steward()):
        with pytest.raises(NotAllowed):
            actions.release_year(year=2025, by=person)
    assert actions.release_year(year=2025, by=secretary).released_by == secretary


def test_the_command_prints_one_object_for_machines() -> None:
    out = StringIO()
    call_command("release", "2025", "--json", stdout=out)

    answer = json.loads(out.getvalue())
    assert answer["year"] == 2025
    assert answer["values"]["agreements"] == 0
    assert Release.objects.count() == 1
    with pytest.raises(CommandError, match="correction"):
        call_command("release", "2025", stdout=out)
