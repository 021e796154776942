"""The records of an organisation's work stand in the chain after it, and agreements after those they carry out."""

from importlib import import_module

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from serai.agreements import actions as agreements
from serai.agreements.actions import NewParty, NewText, Terms
from serai.agreements.models import Agreement
from serai.cooperation import actions, followers
from serai.cooperation.actions import NewFacilityText
from serai.core import audit, chain
from serai.core.errors import Invalid, NotFound
from serai.core.models import Link
from serai.core.viewer import Viewer
from tests.factories import (
    make_agreement,
    make_event,
    make_facility,
    make_member,
    make_organisation,
    make_place,
    make_project,
)

pytestmark = pytest.mark.django_db

TEXTS = [NewText(language="en", title="A park abroad", is_authentic=True)]


def _walked(viewer: Viewer, record: object) -> list[str]:
    return [step.card.title for step in chain.walk(viewer, record)]  # type: ignore[arg-type]


def test_a_park_leads_back_to_its_agreement_the_governments_agreement_and_every_organisation() -> None:
    ministry, park = make_organisation(name="Ministry"), make_organisation(name="Park")
    ana, bo = make_member(ministry), make_member(park)
    governments = agreements.draft_agreement(
        by=ana,
        terms=Terms(kind="intergovernmental", tier="public"),
        parties=[NewParty(ministry, make_place("PL")), NewParty(place=make_place("KE"))],
        texts=[NewText(language="en", title="Governments", is_authentic=True)],
    )
    Agreement.objects.update(status="in_force", signed_on="2026-01-01", in_force_on="2026-01-01")
    governments.refresh_from_db()
    agreement = agreements.draft_agreement(
        by=ana,
        terms=Terms(kind="implementing", tier="public"),
        parties=[NewParty(ministry), NewParty(park)],
        texts=TEXTS,
        follows=governments,
    )
    draft = _walked(AnonymousUser(), governments)
    Agreement.objects.update(status="in_force", signed_on="2026-01-01", in_force_on="2026-01-01")
    agreement.refresh_from_db()
    facility = actions.propose_facility(
        by=bo,
        kind="overseas_park",
        texts=[NewFacilityText("en", "The park")],
        hosts=[park],
        agreement=agreement,
    )

    assert draft == ["Ministry", "Governments"]
    assert _walked(bo, facility) == ["Park", "Ministry", "A park abroad", "Governments", "The park"]
    assert _walked(AnonymousUser(), governments) == ["Ministry", "Governments", "A park abroad"]


def test_an_agreement_names_no_earlier_one_of_others() -> None:
    ours, theirs, third = make_organisation(), make_organisation(), make_organisation()
    ana = make_member(ours)
    others, draft = make_agreement(theirs, third), make_agreement(ours, theirs, status="draft")

    for earlier, error in ((others, NotFound), (draft, Invalid)):
        with pytest.raises(error):
            agreements.draft_agreement(
                by=ana,
                terms=Terms(kind="implementing"),
                parties=[NewParty(ours), NewParty(theirs)],
                texts=TEXTS,
                follows=earlier,
            )

    assert not Link.objects.exists()


def test_an_event_stands_after_its_hosts() -> None:
    event = make_event()
    host = event.hosts.get()

    for _again in range(2):
        followers.link_hosts(audit.record(actor=None, action="events.event_created", obj=event))

    assert [(link.source_id, link.target_id) for link in Link.objects.all()] == [(host.pk, event.pk)]


def test_records_that_were_there_get_their_links() -> None:
    made = [make_agreement(), make_project(), make_facility()]
    make_agreement(make_organisation(), make_place("KE"))

    with connection.cursor() as cursor:
        for _again in range(2):
            cursor.execute(import_module("serai.cooperation.migrations.0006_links_of_parties").FORWARD)

    assert {(link.relation, link.target_kind) for link in Link.objects.all()} == {
        ("agreed_in", "agreement"),
        ("created", "project"),
        ("created", "facility"),
    }
    assert Link.objects.count() == 7
    for record in made:
        assert len(_walked(AnonymousUser(), record)) == 3
