from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError

from serai.accounts.models import Membership, Notice, User
from serai.core.errors import Conflict, Invalid, NotAllowed, TooMany
from serai.core.models import AuditEntry
from serai.directory import actions, criteria, queries
from serai.directory.actions import Facts, Finding, entries
from serai.directory.models import Identifier, Organisation, OrganisationName, Relation, Verification
from tests import factories

pytestmark = pytest.mark.django_db

S = Organisation.Status
GOOD_LEI = "5493001KJTIIGC8Y1R12"


def log() -> list[str]:
    return list(AuditEntry.objects.order_by("at").values_list("action", flat=True))


def facts(**what_matters: Any) -> Facts:
    return Facts(**{"kinds": ["sme"], "country": factories.make_place("PL"), **what_matters})


def register(by: User, **what_matters: Any) -> Organisation:
    values: dict[str, Any] = {
        "name": "Zakład Optyki",
        "name_language": "pl",
        "facts": facts(),
        **what_matters,
    }
    return actions.register_organisation(by=by, **values)


def all_met() -> dict[str, Finding]:
    return {name: Finding(True, "seen in the register") for name in criteria.NAMES}


# --- registering and changing -----------------------------------------------------------------------------
def test_who_registers_an_organisation_becomes_its_manager() -> None:
    ana = factories.make_user()

    organisation = register(ana, facts=facts(website="www.optyka.example", city=" Łódź "))

    assert (organisation.status, organisation.city) == (S.DRAFT, "Łódź")
    assert (organisation.website, organisation.domains) == ("https://www.optyka.example", ["optyka.example"])
    assert list(organisation.memberships.values_list("user", "role", "status")) == [
        (ana.pk, Membership.Role.MANAGER, Membership.Status.ACTIVE)
    ]
    assert list(organisation.names.values_list("text", "language", "kind")) == [
        ("Zakład Optyki", "pl", "legal")
    ]
    assert log() == ["directory.organisation_registered"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "\u202eevil"},
        {"name": " "},
        {"name_language": "xx"},
        {"facts": {"kinds": []}},
        {"facts": {"kinds": ["castle"]}},
        {"facts": {"website": "javascript:alert(1)"}},
        {"facts": {"website": "https://user@evil.example"}},
        {"facts": {"established": 3000}},
        {"facts": {"size_class": "tiny"}},
        {"facts": {"sectors": ["ZZ"]}},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_stays(wrong: dict[str, Any]) -> None:
    if "facts" in wrong:
        wrong = {"facts": facts(**wrong["facts"])}

    with pytest.raises(Invalid):
        register(factories.make_user(), **wrong)

    assert not Organisation.objects.exists()
    assert log() == []


def test_a_grouping_is_no_country() -> None:
    union = factories.make_place("x-eu", kind="grouping")

    with pytest.raises(Invalid) as refused:
        register(factories.make_user(), facts=facts(country=union))

    assert set(refused.value.fields) == {"country"}


def test_a_person_cannot_enter_organisations_without_end() -> None:
    ana = factories.make_user()
    for n in range(entries.OPEN_ENTRIES):
        register(ana, name=f"Firm {n}")

    with pytest.raises(TooMany):
        register(ana, name="One more")


def test_a_manager_changes_facts() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    changed = actions.update_organisation(
        organisation=organisation, by=ana, facts=facts(city="Kraków", established=1364, sectors=["P", "M"])
    )

    assert (changed.city, changed.established, changed.sectors) == ("Kraków", 1364, ["M", "P"])
    assert log()[-1] == "directory.organisation_updated"


def test_a_change_that_changes_nothing_is_not_logged() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    actions.update_organisation(organisation=organisation, by=ana, facts=Facts.of(organisation))

    assert log() == ["directory.organisation_registered"]


def test_a_stranger_changes_nothing() -> None:
    organisation = register(factories.make_user())
    stranger = factories.make_member(factories.make_organisation())
    calls = [
        lambda: actions.update_organisation(organisation=organisation, by=stranger, facts=facts(city="X")),
        lambda: actions.add_name(organisation=organisation, by=stranger, text="X", language="", kind="alias"),
        lambda: actions.write_text(organisation=organisation, by=stranger, language="en", summary="X"),
        lambda: actions.add_identifier(organisation=organisation, by=stranger, scheme="lei", value=GOOD_LEI),
        lambda: actions.add_label(
            organisation=organisation,
            by=stranger,
            name="X",
            language="en",
            issuer="Y",
            issued_on=date(2020, 1, 1),
        ),
        lambda: actions.add_relation(
            source=organisation, kind="twin", target=factories.make_organisation(), by=stranger
        ),
        lambda: actions.submit_for_verification(organisation=organisation, by=stranger),
        lambda: actions.take_up_verification(organisation=organisation, by=stranger),
        lambda: actions.verify_organisation(organisation=organisation, by=stranger, findings=all_met()),
        lambda: actions.return_to_managers(organisation=organisation, by=stranger, reason="no"),
        lambda: actions.suspend_organisation(organisation=organisation, by=stranger, reason="no"),
        lambda: actions.reinstate_organisation(organisation=organisation, by=stranger),
        lambda: actions.end_organisation(organisation=organisation, by=stranger, ending=S.DISSOLVED),
        lambda: actions.relist_organisation(organisation=organisation, by=stranger),
    ]

    for call in calls:
        with pytest.raises(NotAllowed):
            call()

    assert log() == ["directory.organisation_registered"]


@pytest.mark.parametrize(
    "change", [{"kinds": ["ministry"]}, {"website": "https://other.example"}, {"country": None}]
)
def test_after_verification_a_manager_does_not_change_what_was_checked(change: dict[str, Any]) -> None:
    organisation = factories.make_organisation(status=S.VERIFIED)
    manager = factories.make_member(organisation)
    new = Facts(**{**vars(Facts.of(organisation)), **change})

    with pytest.raises(NotAllowed):
        actions.update_organisation(organisation=organisation, by=manager, facts=new)

    actions.update_organisation(organisation=organisation, by=factories.make_steward(), facts=new)
    assert log() == ["directory.organisation_updated"]


def test_after_verification_a_manager_still_changes_the_rest() -> None:
    organisation = factories.make_organisation(status=S.VERIFIED)
    new = Facts(**{**vars(Facts.of(organisation)), "city": "Gdańsk", "size_class": "small"})

    changed = actions.update_organisation(
        organisation=organisation, by=factories.make_member(organisation), facts=new
    )

    assert (changed.city, changed.size_class) == ("Gdańsk", "small")


# --- names, texts -----------------------------------------------------------------------------------------
def test_names_are_added_shown_and_removed() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    name = actions.add_name(
        organisation=organisation, by=ana, text="Optics Works", language="en", kind="label"
    )
    actions.show_name(name=name, by=ana)
    organisation.refresh_from_db()
    assert (organisation.name, organisation.name_language) == ("Optics Works", "en")

    actions.remove_name(name=organisation.names.get(text="Zakład Optyki"), by=ana)
    assert list(organisation.names.values_list("text", flat=True)) == ["Optics Works"]
    assert log()[1:] == ["directory.name_added", "directory.name_shown", "directory.name_removed"]


def test_a_name_is_there_once() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    with pytest.raises(Conflict):
        actions.add_name(
            organisation=organisation, by=ana, text="Zakład  Optyki", language="pl", kind="legal"
        )


def test_the_name_shown_first_stays() -> None:
    ana = factories.make_user()

    with pytest.raises(Conflict):
        actions.remove_name(name=register(ana).names.get(), by=ana)


def test_a_verified_organisation_cannot_take_a_name_that_imitates_another() -> None:
    famous = register(factories.make_user(), name="China Optics")
    Organisation.objects.filter(pk=famous.pk).update(status=S.VERIFIED)  # a draft is nobody's to know of
    organisation = factories.make_organisation(status=S.VERIFIED)
    manager = factories.make_member(organisation)

    for imitation in ("China Optics", "Сhina Optics"):
        with pytest.raises(NotAllowed):
            actions.add_name(
                organisation=organisation, by=manager, text=imitation, language="en", kind="alias"
            )
    added = actions.add_name(
        organisation=organisation, by=manager, text="Own Name", language="en", kind="alias"
    )

    assert famous.names.count() == 1
    assert list(organisation.names.all()) == [added]


def test_a_verified_organisation_keeps_the_name_that_was_checked() -> None:
    organisation = factories.make_organisation(status=S.VERIFIED)
    manager = factories.make_member(organisation)
    alias = actions.add_name(organisation=organisation, by=manager, text="Other", language="en", kind="alias")

    with pytest.raises(NotAllowed):
        actions.show_name(name=alias, by=manager)
    with pytest.raises(NotAllowed):
        actions.add_name(organisation=organisation, by=manager, text="New Legal", language="en", kind="legal")


def test_a_description_is_written_once_a_language() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    actions.write_text(organisation=organisation, by=ana, language="pl", summary="Optyka.")
    text = actions.write_text(
        organisation=organisation, by=ana, language="pl", summary="Soczewki.", description="…"
    )

    assert list(organisation.texts.values_list("language", "summary", "origin")) == [
        ("pl", "Soczewki.", "written")
    ]
    actions.remove_text(text=text, by=ana)
    assert not organisation.texts.exists()
    assert log()[1:] == ["directory.text_written", "directory.text_written", "directory.text_removed"]


@pytest.mark.parametrize(
    "wrong", [{"language": ""}, {"summary": " "}, {"summary": "x" * 501}, {"language": "xx"}]
)
def test_a_description_needs_language_and_summary(wrong: dict[str, str]) -> None:
    ana = factories.make_user()
    organisation = register(ana)

    with pytest.raises(Invalid):
        actions.write_text(
            organisation=organisation, by=ana, **{"language": "pl", "summary": "Optyka.", **wrong}
        )


# --- identifiers, labels, relations -----------------------------------------------------------------------
def test_an_identifier_is_stored_in_its_normal_form_once() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    added = actions.add_identifier(
        organisation=organisation, by=ana, scheme="lei", value="5493 001K JTII GC8Y 1R12"
    )

    assert added.value == GOOD_LEI
    with pytest.raises(Conflict):
        actions.add_identifier(organisation=organisation, by=ana, scheme="lei", value=GOOD_LEI)
    with pytest.raises(Invalid):
        actions.add_identifier(organisation=organisation, by=ana, scheme="lei", value=GOOD_LEI[:-1] + "3")
    actions.remove_identifier(identifier=added, by=ana)
    assert not Identifier.objects.exists()
    assert log()[1:] == ["directory.identifier_added", "directory.identifier_removed"]


def test_an_identifier_of_another_organisation_is_refused() -> None:
    ana = factories.make_user()
    other = factories.make_organisation()
    Identifier.objects.create(organisation=other, scheme="lei", value=GOOD_LEI)

    with pytest.raises(Conflict):
        actions.add_identifier(organisation=register(ana), by=ana, scheme="lei", value=GOOD_LEI)


@pytest.mark.parametrize("status", ["draft", "submitted", "suspended"])
def test_an_identifier_of_a_hidden_organisation_is_taken_like_a_free_one_and_the_steward_reads_of_both(
    status: str,
) -> None:
    ana, bo = factories.make_user(), factories.make_user()
    hidden = factories.make_organisation(status=status)
    Identifier.objects.create(organisation=hidden, scheme="lei", value=GOOD_LEI)
    ours = register(ana)

    added = actions.add_identifier(organisation=ours, by=ana, scheme="lei", value=GOOD_LEI)
    third = actions.add_identifier(organisation=register(bo), by=bo, scheme="lei", value=GOOD_LEI)

    assert (added.value, added.is_contested, third.is_contested) == (GOOD_LEI, True, True)
    suspicions = [s for s in queries.check_of(ours).suspicions if s.reason == "same_identifier"]
    assert {s.organisation.pk for s in suspicions} == {hidden.pk, third.organisation_id}


def test_a_steward_who_sees_the_other_organisation_is_told_that_it_has_the_identifier() -> None:
    hidden = factories.make_organisation(status="draft")
    Identifier.objects.create(organisation=hidden, scheme="lei", value=GOOD_LEI)
    steward = factories.make_steward()

    with pytest.raises(Conflict, match="another organisation"):
        actions.add_identifier(
            organisation=factories.make_organisation(), by=steward, scheme="lei", value=GOOD_LEI
        )


def test_the_database_keeps_an_identifier_that_is_not_contested_for_one_organisation() -> None:
    Identifier.objects.create(organisation=factories.make_organisation(), scheme="lei", value=GOOD_LEI)

    with pytest.raises(IntegrityError):
        Identifier.objects.create(organisation=factories.make_organisation(), scheme="lei", value=GOOD_LEI)


def test_a_label_names_issuer_and_date() -> None:
    ana = factories.make_user()
    organisation = register(ana)

    label = actions.add_label(
        organisation=organisation,
        by=ana,
        name="National-level incubator",
        language="en",
        issuer="Ministry of Science",
        issued_on=date(2020, 5, 1),
        valid_until=date(2030, 5, 1),
    )
    actions.remove_label(label=label, by=ana)

    assert log()[1:] == ["directory.label_added", "directory.label_removed"]


@pytest.mark.parametrize(
    "wrong",
    [{"valid_until": date(2019, 1, 1)}, {"issued_on": date(3000, 1, 1)}, {"issuer": " "}, {"name": "\u202e"}],
)
def test_a_label_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    ana = factories.make_user()
    values: dict[str, Any] = {
        "name": "L",
        "language": "en",
        "issuer": "M",
        "issued_on": date(2020, 1, 1),
        **wrong,
    }

    with pytest.raises(Invalid):
        actions.add_label(organisation=register(ana), by=ana, **values)


def test_a_relation_is_the_sources_statement() -> None:
    ana = factories.make_user()
    organisation, park = register(ana), factories.make_organisation(name="Park")

    relation = actions.add_relation(
        source=organisation, kind=Relation.Kind.HOSTED_BY, target=park, by=ana, since=date(2020, 1, 1)
    )

    assert (relation.target, relation.stated_by) == (park, "Zakład Optyki")
    with pytest.raises(Conflict):
        actions.add_relation(source=organisation, kind=Relation.Kind.HOSTED_BY, target=park, by=ana)
    assert log()[1:] == ["directory.relation_added"]


def test_a_relation_to_itself_or_to_what_one_does_not_see_is_refused() -> None:
    ana = factories.make_user()
    organisation = register(ana)
    hidden = factories.make_organisation(status=S.DRAFT)

    for target in (organisation, hidden):
        with pytest.raises(Invalid):
            actions.add_relation(source=organisation, kind="twin", target=target, by=ana)
    with pytest.raises(Invalid):
        actions.add_relation(
            source=organisation,
            kind="twin",
            target=factories.make_organisation(),
            by=ana,
            since=date(2020, 1, 1),
            until=date(2019, 1, 1),
        )


def test_the_other_side_may_take_a_relation_back_a_third_may_not() -> None:
    ana = factories.make_user()
    organisation, park = register(ana), factories.make_organisation()
    relation = actions.add_relation(source=organisation, kind="hosted_by", target=park, by=ana)

    with pytest.raises(NotAllowed):
        actions.remove_relation(relation=relation, by=factories.make_user())
    actions.remove_relation(relation=relation, by=factories.make_member(park))

    assert not Relation.objects.exists()


# --- verification -----------------------------------------------------------------------------------------
def test_from_draft_to_verified() -> None:
    ana, steward = factories.make_user(), factories.make_steward()
    organisation = register(ana)

    submitted = actions.submit_for_verification(organisation=organisation, by=ana)
    assert (submitted.status, submitted.due_on) == (
        S.SUBMITTED,
        factories.in_days(criteria.VERIFICATION_DAYS),
    )

    taken = actions.take_up_verification(organisation=organisation, by=steward)
    assert (taken.status, taken.owner) == (S.UNDER_VERIFICATION, steward)

    verified = actions.verify_organisation(organisation=organisation, by=steward, findings=all_met())
    assert (verified.status, verified.due_on, verified.owner) == (S.VERIFIED, None, None)
    assert set(Verification.objects.values_list("criterion", "is_met", "checked_by")) == {
        (name, True, steward.pk) for name in criteria.NAMES
    }
    assert list(Notice.objects.values_list("user", "kind")) == [(ana.pk, "directory.organisation_verified")]
    assert log()[1:] == [
        "directory.organisation_submitted",
        "directory.verification_taken_up",
        "directory.organisation_verified",
    ]


@pytest.mark.parametrize("gap", [Finding(False, "no"), Finding(True, " "), None])
def test_every_criterion_must_be_met_with_evidence(gap: Finding | None) -> None:
    steward = factories.make_steward()
    organisation = factories.make_organisation(status=S.UNDER_VERIFICATION)
    findings = all_met()
    if gap is None:
        del findings["place"]
    else:
        findings["place"] = gap

    with pytest.raises(Invalid) as refused:
        actions.verify_organisation(organisation=organisation, by=steward, findings=findings)

    assert set(refused.value.fields) == {"place"}
    organisation.refresh_from_db()
    assert organisation.status == S.UNDER_VERIFICATION


def test_it_goes_back_with_a_reason_and_may_come_again() -> None:
    ana, steward = factories.make_user(), factories.make_steward()
    organisation = register(ana)
    actions.submit_for_verification(organisation=organisation, by=ana)

    for _round in range(2):
        returned = actions.return_to_managers(
            organisation=organisation,
            by=steward,
            reason="The register number is missing.",
            findings={"exists": Finding(False, "not found")},
        )
        assert (returned.status, returned.status_note) == (S.DRAFT, "The register number is missing.")
        actions.submit_for_verification(organisation=organisation, by=ana)

    assert Notice.objects.filter(user=ana, kind="directory.organisation_returned").count() == 2


def test_one_from_a_register_goes_back_to_the_list() -> None:
    organisation = factories.make_organisation(status=S.LISTED, source="ror", source_ref="05a28rw58")
    actions.submit_for_verification(organisation=organisation, by=factories.make_member(organisation))

    returned = actions.return_to_managers(
        organisation=organisation, by=factories.make_steward(), reason="Not its manager."
    )

    assert returned.status == S.LISTED


def test_a_reason_is_needed() -> None:
    steward = factories.make_steward()

    with pytest.raises(Invalid):
        actions.return_to_managers(
            organisation=factories.make_organisation(status=S.SUBMITTED), by=steward, reason=" "
        )
    with pytest.raises(Invalid):
        actions.suspend_organisation(organisation=factories.make_organisation(), by=steward, reason="")


def test_without_country_nothing_is_submitted() -> None:
    organisation = factories.make_organisation(status=S.DRAFT)
    Organisation.objects.update(country=None)

    with pytest.raises(Invalid) as refused:
        actions.submit_for_verification(organisation=organisation, by=factories.make_member(organisation))

    assert set(refused.value.fields) == {"country"}


def test_submitting_twice_is_a_conflict() -> None:
    organisation = factories.make_organisation(status=S.SUBMITTED)

    with pytest.raises(Conflict):
        actions.submit_for_verification(organisation=organisation, by=factories.make_member(organisation))


def test_a_steward_does_not_verify_their_own() -> None:
    steward = factories.make_steward()
    organisation = register(steward)
    actions.submit_for_verification(organisation=organisation, by=steward)

    with pytest.raises(NotAllowed):
        actions.take_up_verification(organisation=organisation, by=steward)


def test_suspending_and_reinstating() -> None:
    steward = factories.make_steward()
    organisation = factories.make_organisation(status=S.VERIFIED)
    manager = factories.make_member(organisation)

    suspended = actions.suspend_organisation(organisation=organisation, by=steward, reason="Doubt.")
    assert (suspended.status, suspended.status_note) == (S.SUSPENDED, "Doubt.")
    again = actions.reinstate_organisation(organisation=organisation, by=steward)

    assert (again.status, again.status_note) == (S.VERIFIED, "")
    assert Notice.objects.filter(user=manager).count() == 2
    assert log() == ["directory.organisation_suspended", "directory.organisation_reinstated"]


def test_reinstating_is_no_way_round_verification() -> None:
    organisation = factories.make_organisation(status=S.UNDER_VERIFICATION)

    with pytest.raises(Conflict):
        actions.reinstate_organisation(organisation=organisation, by=factories.make_steward())


def test_no_steward_gives_the_listings_of_another_organisation_to_their_own() -> None:
    steward, old, own = factories.make_steward(), factories.make_organisation(), factories.make_organisation()
    Membership.objects.create(user=steward, organisation=own, role="member", status="active")

    with pytest.raises(NotAllowed):
        actions.end_organisation(organisation=old, by=steward, ending=S.MERGED, successor=own)

    old.refresh_from_db()
    assert (old.status, old.successor) == (S.VERIFIED, None)


def test_an_end_points_at_the_successor_and_can_be_undone() -> None:
    steward = factories.make_steward()
    old, new = factories.make_organisation(), factories.make_organisation()

    ended = actions.end_organisation(
        organisation=old, by=steward, ending=S.MERGED, successor=new, reason="2024"
    )

    assert (ended.status, ended.successor) == (S.MERGED, new)
    assert list(Relation.objects.values_list("source", "kind", "target")) == [(new.pk, "successor", old.pk)]
    back = actions.relist_organisation(organisation=old, by=steward)
    assert (back.status, back.successor, Relation.objects.count()) == (S.LISTED, None, 0)
    assert log() == ["directory.organisation_ended", "directory.organisation_relisted"]


def test_an_end_that_cannot_be_is_refused() -> None:
    steward = factories.make_steward()
    old, new = factories.make_organisation(), factories.make_organisation()
    actions.end_organisation(organisation=old, by=steward, ending=S.DISSOLVED, successor=new)

    with pytest.raises(Invalid):  # a merger without successor
        actions.end_organisation(organisation=new, by=steward, ending=S.MERGED)
    with pytest.raises(Invalid):  # a circle
        actions.end_organisation(organisation=new, by=steward, ending=S.MERGED, successor=old)
    with pytest.raises(Invalid):  # no ending
        actions.end_organisation(organisation=new, by=steward, ending=S.VERIFIED)


def test_names_written_by_people_are_ready_for_comparison() -> None:
    register(factories.make_user(), name="Сhina Optics")

    assert OrganisationName.objects.get().skeleton == "chlna optlcs"
