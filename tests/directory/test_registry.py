import pytest

from serai.core import kinds
from serai.core.duties import duties_of
from serai.core.viewer import ANYONE
from serai.directory import actions, comparison, names
from serai.directory.models import Label, Organisation, OrganisationName
from tests import factories

pytestmark = pytest.mark.django_db

S = Organisation.Status


def test_an_organisation_is_a_kind_of_the_chain() -> None:
    organisation = factories.make_organisation(name="Open", name_language="en")
    hidden = factories.make_organisation(status=S.DRAFT)

    cards = kinds.cards(ANYONE, "organisation", [organisation.pk, hidden.pk])

    assert set(cards) == {organisation.pk}
    card = cards[organisation.pk]
    assert (card.title, card.language, card.tone, card.detail) == ("Open", "en", "done", "Poland")


def test_stewards_are_told_what_waits_but_not_what_another_has_taken_up() -> None:
    steward, other = factories.make_steward(), factories.make_steward()
    first = factories.make_organisation(name="First", status=S.SUBMITTED, due_on=factories.in_days(9))
    second = factories.make_organisation(name="Second", status=S.SUBMITTED, due_on=factories.in_days(2))
    actions.take_up_verification(organisation=first, by=other)

    assert [(d.title, d.due_on) for d in duties_of(steward)] == [("Second", second.due_on)]
    assert [d.title for d in duties_of(other)] == ["Second", "First"]
    member = factories.make_member(factories.make_organisation())
    assert [d.title for d in duties_of(member)] == []
    assert [d.title for d in duties_of(ANYONE)] == []


def test_managers_are_told_of_drafts_and_of_labels_running_out() -> None:
    organisation = factories.make_organisation(name="Draft", status=S.DRAFT)
    manager = factories.make_member(organisation)
    for days, name in ((5, "Soon"), (300, "Later"), (-1, "Over")):
        Label.objects.create(
            organisation=organisation,
            name=name,
            issuer="M",
            issued_on="2020-01-01",
            valid_until=factories.in_days(days),
        )

    assert [(str(d.what), d.title) for d in duties_of(manager)] == [
        ("Renew the label", "Soon"),
        ("Complete and submit", "Draft"),
    ]


def test_imported_names_are_prepared_once() -> None:
    organisation = factories.make_organisation()
    for text in ("Сhina Optics", "Other"):
        OrganisationName.objects.create(organisation=organisation, text=text, kind="label")

    assert comparison.compare_names() == 2
    assert comparison.compare_names() == 0
    assert {n.skeleton for n in OrganisationName.objects.all()} == {
        names.skeleton("China Optics"),
        names.skeleton("Other"),
    }
