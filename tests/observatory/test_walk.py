"""From a record behind a figure back to the listing it began with, as far as each viewer may see."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from serai.agreements import actions as agreements
from serai.agreements.actions import NewText, Terms
from serai.cooperation import actions as cooperation
from serai.cooperation.actions import NewProjectParty, NewProjectText
from serai.cooperation.models import Result
from serai.core import chain
from serai.core.models import Link
from serai.core.viewer import Viewer
from serai.exchange.models import Interest, Listing
from serai.observatory import indicators, queries
from tests.factories import (
    agree_on_wording,
    in_days,
    make_listing,
    make_member,
    make_organisation,
    make_place,
    make_steward,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)


class Story:
    """A listing that went all the way to a validated result."""

    def __init__(self, **listing: object) -> None:
        self.listing: Listing = make_listing(**listing)
        ours, theirs = self.listing.organisation, make_organisation()
        self.ana, self.bo = make_member(ours), make_member(theirs)
        chain.link(source=ours, relation=Link.Relation.PUBLISHED, target=self.listing)
        interest = Interest.objects.create(
            listing=self.listing, organisation=theirs, status="accepted", language="en", answer_due=in_days(5)
        )
        chain.link(source=self.listing, relation=Link.Relation.ANSWERED_BY, target=interest)
        case = cooperation.open_case_from_interest(interest=interest, by=self.ana)
        agreement = cooperation.conclude_agreement(
            case=case,
            terms=Terms(kind="cooperation", tier="public"),
            texts=[NewText("en", "Batteries", is_authentic=True)],
            by=self.ana,
        )
        agree_on_wording(agreement)
        for to in ("negotiation", "approved"):
            agreements.move_agreement(agreement=agreement, to=to, by=self.ana)
        for person, organisation in ((self.ana, ours), (self.bo, theirs)):
            party = agreement.parties.get(organisation=organisation)
            agreements.record_signature(party=party, signed_on=date(2026, 5, 1), by=person)
        agreements.enter_into_force(agreement=agreement, on=date(2026, 5, 2), by=self.ana)
        project = cooperation.create_project(
            by=self.ana,
            texts=[NewProjectText("en", "Seaweed")],
            parties=[NewProjectParty(ours, "university"), NewProjectParty(theirs, "industry")],
            case=case,
            agreement=agreement,
            tier="public",
        )
        cooperation.land_project(project=project, on=date(2026, 6, 1), place=make_place("KE"), by=self.ana)
        result = cooperation.report_result(
            by=self.bo,
            kind="patent",
            title="A patent",
            language="en",
            achieved_on=date(2026, 7, 1),
            project=project,
            evidence_url="https://example.org/patent",
        )
        cooperation.validate_result(result=result, by=make_steward())


def _walked(viewer: Viewer) -> list[str]:
    indicator = indicators.named("results")
    assert indicator is not None
    result: Result = queries.records(indicator, TODAY, {}).get()
    return [step.card.kind for step in chain.walk(viewer, result)]


def test_a_stranger_walks_from_a_result_to_its_listing_over_what_is_public() -> None:
    Story()

    assert _walked(AnonymousUser()) == [
        "organisation", "organisation", "listing", "agreement", "project", "result",
    ]  # fmt: skip


def test_a_verified_member_walks_as_far_as_a_stranger() -> None:
    Story()

    assert _walked(make_member(make_organisation())) == [
        "organisation",
        "organisation",
        "listing",
        "agreement",
        "project",
        "result",
    ]


def test_the_parties_walk_over_every_step() -> None:
    story = Story()

    for person in (story.ana, story.bo):
        assert _walked(person) == [
            "organisation",
            "organisation",
            "listing",
            "interest",
            "case",
            "agreement",
            "project",
            "result",
        ]


def test_the_listing_of_an_anonymous_owner_is_not_reached_by_strangers() -> None:
    story = Story(disclosure=Listing.Disclosure.ANONYMOUS)

    assert _walked(AnonymousUser()) == ["organisation", "organisation", "agreement", "project", "result"]
    assert "listing" in _walked(story.bo)


@pytest.mark.parametrize("code", ["agreements", "projects_landed", "results"])
def test_every_public_figure_counts_the_story_once(code: str) -> None:
    Story()
    indicator = indicators.named(code)

    assert indicator is not None
    assert queries.value(indicator, TODAY) == 1
