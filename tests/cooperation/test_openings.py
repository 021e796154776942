"""What everybody sees of the chain of a public result, and how the parties show more of it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from serai.accounts.models import Membership, Notice
from serai.agreements.policies import visible_agreements
from serai.cooperation import actions, policies, queries
from serai.cooperation.actions.facilities import NewFacilityText
from serai.cooperation.actions.projects import NewProjectParty, NewProjectText
from serai.cooperation.models import Facility, Opening, Project, Result
from serai.core import chain, duties
from serai.core.errors import Conflict, NotAllowed, NotFound
from serai.core.models import AuditEntry, Link
from serai.core.tiers import Tier
from tests.factories import (
    make_agreement,
    make_facility,
    make_member,
    make_organisation,
    make_project,
    make_result,
)

pytestmark = pytest.mark.django_db


class Kept:
    """A public result of a project and an agreement that are the parties' own."""

    def __init__(self) -> None:
        self.ours, self.theirs = make_organisation(), make_organisation()
        self.ana, self.bo = make_member(self.ours), make_member(self.theirs)
        self.agreement = make_agreement(self.ours, self.theirs, tier=Tier.MUTUAL, title="Joint work")
        self.project = make_project(self.ours, self.theirs, tier=Tier.MUTUAL, title="Seaweed")
        self.result = make_result(project=self.project, title="A patent")
        chain.link(source=self.agreement, relation=Link.Relation.CREATED, target=self.project)
        chain.link(source=self.project, relation=Link.Relation.PRODUCED, target=self.result)

    def client(self, person: object) -> Client:
        client = Client()
        client.force_login(person)  # type: ignore[arg-type]
        return client

    def walked(self) -> list[str]:
        return [step.card.title for step in chain.walk(AnonymousUser(), self.result)]


def test_whoever_reports_is_told_what_everybody_will_see_and_what_not() -> None:
    kept = Kept()
    url = reverse("project_result", args=[kept.project.pk])

    before = kept.client(kept.ana).get(url).content.decode()
    kept.project.tier = Tier.PUBLIC
    kept.project.save()
    after = kept.client(kept.ana).get(url).content.decode()

    assert "Shown with it to the parties only: Agreement Joint work" in before
    assert "Of its chain everybody will see" not in before
    assert '<option value="mutual" selected>' in before
    assert "Of its chain everybody will see: Project Seaweed" in after
    assert '<option value="public" selected>' in after


def test_with_the_consent_of_every_party_the_chain_is_shown() -> None:
    kept = Kept()
    page = reverse("result_detail", args=[kept.result.pk])
    hers = kept.client(kept.ana).get(page).content.decode()
    strangers = Client().get(page).content.decode()

    kept.client(kept.ana).post(reverse("result_open", args=[kept.result.pk]))
    asked = {opening.kind: opening for opening in Opening.objects.all()}
    waiting = [duty.title for duty in duties.duties_of(kept.bo) if "whether everybody" in str(duty.what)]
    halfway = kept.walked()
    for opening in asked.values():
        kept.client(kept.bo).post(reverse("opening_agree", args=[opening.pk]))

    assert "Ask the other parties to show them" in hers
    assert "Joint work" in hers
    assert "Joint work" not in strangers
    assert set(asked) == {"agreement", "project"}
    assert sorted(waiting) == ["Joint work", "Seaweed"]
    assert halfway == ["A patent"]
    assert kept.walked() == ["Joint work", "Seaweed", "A patent"]
    assert set(Opening.objects.values_list("status", flat=True)) == {"agreed"}
    assert not policies.openings_to_answer(kept.bo).exists()
    assert "Joint work" in Client().get(page).content.decode()
    assert AuditEntry.objects.filter(action="cooperation.opening_agreed").count() == 2
    assert set(Notice.objects.values_list("user", "kind")) == {
        (kept.bo.pk, "cooperation.opening_asked"),
        (kept.ana.pk, "cooperation.opening_agreed"),
    }


def test_one_party_that_declines_keeps_it_as_it_is() -> None:
    kept = Kept()
    opening = actions.ask_to_open(record=kept.project, by=kept.ana)
    assert actions.ask_to_open(record=kept.project, by=kept.bo) == opening

    kept.client(kept.bo).post(reverse("opening_decline", args=[opening.pk]))

    kept.project.refresh_from_db()
    assert (Opening.objects.get().status, kept.project.tier) == ("declined", Tier.MUTUAL)
    with pytest.raises(Conflict):
        actions.agree_to_opening(opening=opening, by=kept.bo)
    assert actions.ask_to_open(record=kept.project, by=kept.ana) != opening


def test_nobody_answers_for_another_and_strangers_know_of_no_wish() -> None:
    kept = Kept()
    reader, stranger = make_member(kept.theirs, role=Membership.Role.MEMBER), make_member(make_organisation())
    for person in (reader, stranger):
        with pytest.raises(NotAllowed):
            actions.ask_to_open(record=kept.project, by=person)
    opening = actions.ask_to_open(record=kept.project, by=kept.ana)

    with pytest.raises(NotAllowed):
        actions.agree_to_opening(opening=opening, by=reader)
    with pytest.raises(NotFound):
        actions.agree_to_opening(opening=opening, by=stranger)
    actions.agree_to_opening(opening=opening, by=kept.ana)

    assert Opening.objects.get().status == "asked"
    url = reverse("opening_detail", args=[opening.pk])
    assert [kept.client(p).get(url).status_code for p in (kept.bo, reader, stranger)] == [200, 200, 404]
    assert "Agree to show it" not in kept.client(reader).get(url).content.decode()


def test_a_facility_of_one_host_is_shown_by_that_host_and_a_draft_by_nobody() -> None:
    ours = make_organisation()
    ana = make_member(ours)
    centre = make_facility(ours, tier=Tier.MUTUAL, kind="demonstration_centre")
    draft = make_agreement(ours, make_organisation(), tier=Tier.MUTUAL, status="draft")
    chain.link(source=draft, relation=Link.Relation.CREATED, target=centre)
    result = make_result(facility=centre, project=None)

    told = queries.told_of(ana, result)
    asked = queries.kept_records(ana, told)
    opening = actions.ask_to_open(record=centre, by=ana)

    assert asked == [centre]
    assert opening.status == "agreed"
    assert policies.visible_facilities(AnonymousUser()).get() == centre
    assert not visible_agreements(AnonymousUser()).exists()
    with pytest.raises(Conflict):
        actions.ask_to_open(record=centre, by=ana)


def test_a_record_has_one_open_wish_whoever_writes_it() -> None:
    project = make_project()
    Opening.objects.create(kind="project", record_id=project.pk)

    with pytest.raises(IntegrityError):
        Opening.objects.create(kind="project", record_id=project.pk)


def test_a_result_of_the_parties_own_says_nothing_of_everybody() -> None:
    kept = Kept()
    Result.objects.update(tier=Tier.MUTUAL)

    page = kept.client(kept.ana).get(reverse("result_detail", args=[kept.result.pk])).content.decode()

    assert "What everybody sees of its chain" not in page


def test_the_last_consent_takes_back_nothing_that_happened_to_the_record_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, read = Kept(), queries.record_of
    opening = actions.ask_to_open(record=kept.project, by=kept.ana)

    def read_before_it_landed(asked: Opening) -> queries.Openable:
        record = read(asked)
        Project.objects.filter(pk=record.pk, tier=Tier.MUTUAL).update(status=Project.Status.OPERATING)
        return record

    monkeypatch.setattr(queries, "record_of", read_before_it_landed)
    actions.agree_to_opening(opening=opening, by=kept.bo)

    kept.project.refresh_from_db()
    assert (kept.project.status, kept.project.tier) == (Project.Status.OPERATING, Tier.PUBLIC)


def begun(kept: Kept, kind: str, **values: object) -> Project | Facility:
    """A record for everybody, begun by one of its two parties alone."""
    if kind == "project":
        parties = [NewProjectParty(one, "university") for one in (kept.ours, kept.theirs)]
        texts = [NewProjectText("en", "Kelp")]
        return actions.create_project(by=kept.ana, texts=texts, parties=parties, tier=Tier.PUBLIC, **values)  # type: ignore[arg-type]
    return actions.propose_facility(
        by=kept.ana,
        kind=Facility.Kind.OVERSEAS_PARK,
        texts=[NewFacilityText("en", "Kelp park")],
        hosts=[kept.ours, kept.theirs],
        tier=Tier.PUBLIC,
        **values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("kind", ["project", "facility"])
def test_nobody_names_another_party_before_everybody_without_asking_it(kind: str) -> None:
    kept = Kept()
    record = begun(kept, kind, agreement=kept.agreement)
    page = kept.client(kept.bo).get(reverse(f"{kind}_detail", args=[record.pk])).content.decode()
    opening = Opening.objects.get(record_id=record.pk)

    assert record.tier == Tier.MUTUAL
    assert reverse("opening_detail", args=[opening.pk]) in page
    assert Notice.objects.filter(user=kept.bo, kind="cooperation.opening_asked").exists()
    actions.agree_to_opening(opening=opening, by=kept.bo)
    record.refresh_from_db()
    assert record.tier == Tier.PUBLIC


@pytest.mark.parametrize("kind", ["project", "facility"])
def test_what_is_done_under_an_agreement_everybody_knows_of_is_known_at_once(kind: str) -> None:
    kept = Kept()
    public = make_agreement(kept.ours, kept.theirs, tier=Tier.PUBLIC)
    narrower = make_agreement(kept.ours, make_organisation(), tier=Tier.PUBLIC)

    assert begun(kept, kind, agreement=public).tier == Tier.PUBLIC
    assert begun(kept, kind, agreement=narrower).tier == Tier.MUTUAL
