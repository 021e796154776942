from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from serai.accounts.models import Membership, Notice, User
from serai.agreements import actions, lifecycle, queries, shapes
from serai.agreements.actions import NewParty, NewText, Terms
from serai.agreements.models import Agreement, AgreementBody, Commitment
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound
from serai.core.models import AuditEntry
from serai.core.tiers import Tier
from serai.directory.models import Organisation
from tests.factories import (
    agree_on_wording,
    in_days,
    make_agreement,
    make_member,
    make_organisation,
    make_place,
    make_user,
)

pytestmark = pytest.mark.django_db

S = Agreement.Status
TITLE = NewText(language="en", title="Joint research on batteries", is_authentic=True)


def _draft(ours: Organisation, theirs: Organisation, by: User, **terms: Any) -> Agreement:
    return actions.draft_agreement(
        by=by,
        terms=Terms(kind=Agreement.Kind.MOU, **terms),
        parties=[NewParty(ours), NewParty(theirs)],
        texts=[TITLE],
    )


def _approved(ours: Organisation, theirs: Organisation, by: User, **terms: Any) -> Agreement:
    agreement = _draft(ours, theirs, by, **terms)
    actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=by)
    agree_on_wording(agreement)
    return actions.move_agreement(agreement=agreement, to=S.APPROVED, by=by)


def _entries(agreement: Agreement) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=agreement.pk).order_by("at")
    return list(entries.values_list("action", flat=True))


# --- drafting ---------------------------------------------------------------------------------------------
def test_drafting_makes_parties_and_texts_and_tells_the_other_side() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana, bo = make_member(ours), make_member(theirs)

    agreement = _draft(ours, theirs, ana, fields=["energy"], tier=Tier.PUBLIC)

    assert agreement.status == S.DRAFT
    assert agreement.owner == ana
    assert agreement.fields_of_science == ["energy"]
    assert {p.organisation for p in agreement.parties.all()} == {ours, theirs}
    assert [(t.language, t.is_authentic) for t in agreement.texts.all()] == [("en", True)]
    assert _entries(agreement) == ["agreements.drafted"]
    assert list(Notice.objects.values_list("user", "kind")) == [(bo.pk, "agreements.drafted")]


def test_the_history_says_what_a_step_came_to() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = _approved(ours, make_organisation(), by)
    words: dict[str, object] = {"agreements.drafted": "drafted it", "agreements.moved": "took the next step"}

    told = shapes.history(by, "agreement", agreement.pk, words)

    assert sorted((str(entry.text), entry.detail) for entry in told) == [
        ("drafted it", ""),
        ("took the next step", f"Now: {S.APPROVED.label}"),
        ("took the next step", f"Now: {S.NEGOTIATION.label}"),
    ]


def test_nobody_drafts_for_an_organisation_they_do_not_act_for() -> None:
    ours, theirs = make_organisation(), make_organisation()

    for stranger in (make_user(), make_member(ours, role=Membership.Role.MEMBER)):
        with pytest.raises(NotAllowed):
            _draft(ours, theirs, stranger)

    assert not Agreement.objects.exists()


def test_nobody_drafts_for_an_organisation_that_is_not_verified() -> None:
    ours = make_organisation(status=Organisation.Status.SUBMITTED)

    with pytest.raises(NotAllowed):
        _draft(ours, make_organisation(), make_member(ours))


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"fields": ["alchemy"]}, "fields"),
        ({"tier": Tier.SEALED}, "tier"),
        ({"renewal": "tacit", "ends_on": date(2030, 1, 1)}, "term_months"),
        ({"notice_days": -1}, "notice_days"),
        ({"level": "galactic"}, "level"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(terms: dict[str, Any], field: str) -> None:
    ours = make_organisation()

    with pytest.raises(Invalid) as caught:
        _draft(ours, make_organisation(), make_member(ours), **terms)

    assert set(caught.value.fields) == {field}


def test_an_agreement_needs_two_different_parties_and_a_title() -> None:
    ours = make_organisation()
    by = make_member(ours)
    for parties, texts in (
        ([NewParty(ours)], [TITLE]),
        ([NewParty(ours), NewParty(ours)], [TITLE]),
        ([NewParty(ours), NewParty()], [TITLE]),
        ([NewParty(ours), NewParty(make_organisation())], []),
        ([NewParty(ours), NewParty(make_organisation())], [TITLE, TITLE]),
        ([NewParty(ours), NewParty(make_organisation())], [NewText(language="en", title=" ")]),
    ):
        with pytest.raises(Invalid):
            actions.draft_agreement(by=by, terms=Terms(kind="mou"), parties=parties, texts=texts)


def test_terms_and_wording_stand_still_once_approved() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = _approved(ours, make_organisation(), by)

    with pytest.raises(Conflict):
        actions.change_terms(agreement=agreement, terms=Terms(kind="mou"), by=by)
    with pytest.raises(Conflict):
        actions.write_body(agreement=agreement, language="en", body="Article 1", by=by)
    with pytest.raises(Conflict):
        actions.write_text(agreement=agreement, text=NewText(language="en", title="Another"), by=by)
    actions.write_text(agreement=agreement, text=NewText(language="fr", title="Batteries"), by=by)

    assert {t.language: t.title for t in agreement.texts.all()} == {"en": TITLE.title, "fr": "Batteries"}


def test_a_plain_member_reads_but_does_not_change_and_a_stranger_does_not_know() -> None:
    ours = make_organisation()
    agreement = _draft(ours, make_organisation(), make_member(ours))

    with pytest.raises(NotAllowed):
        actions.move_agreement(
            agreement=agreement, to=S.NEGOTIATION, by=make_member(ours, role=Membership.Role.MEMBER)
        )
    with pytest.raises(NotFound):
        actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=make_member(make_organisation()))


def test_approval_needs_an_authentic_text() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = actions.draft_agreement(
        by=by,
        terms=Terms(kind="mou"),
        parties=[NewParty(ours), NewParty(make_organisation())],
        texts=[NewText(language="en", title="Batteries")],
    )
    actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=by)

    with pytest.raises(Conflict, match="authentic"):
        actions.move_agreement(agreement=agreement, to=S.APPROVED, by=by)


@pytest.mark.parametrize("now", S.values)
@pytest.mark.parametrize("then", S.values)
def test_only_steps_of_the_table_before_the_signature_can_be_taken_by_hand(now: str, then: str) -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = make_agreement(ours, make_organisation(), status=now, ended_on=date(2026, 3, 1))
    agreement.parties.update(signed_on=None)
    if now == S.NEGOTIATION:
        agree_on_wording(agreement)
    by_hand = then in [S.DRAFT, S.UNDER_REVIEW, S.NEGOTIATION, S.APPROVED]

    if by_hand and lifecycle.AGREEMENT.may_follow(now, then):
        assert actions.move_agreement(agreement=agreement, to=then, by=by).status == then
    else:
        with pytest.raises(Conflict):
            actions.move_agreement(agreement=agreement, to=then, by=by)
        assert Agreement.objects.get().status == now


# --- consent ----------------------------------------------------------------------------------------------
def test_approval_needs_a_wording_and_the_consent_of_every_party() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana, bo = make_member(ours), make_member(theirs)
    agreement = _draft(ours, theirs, ana)
    first, second = agreement.parties.get(organisation=ours), agreement.parties.get(organisation=theirs)
    actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=ana)

    def approve() -> str:
        return actions.move_agreement(agreement=agreement, to=S.APPROVED, by=ana).status

    with pytest.raises(Conflict, match="Write the wording"):
        approve()
    with pytest.raises(Conflict, match="Write the wording"):
        actions.consent_to_wording(party=first, version=0, by=ana)
    actions.write_body(agreement=agreement, language="en", body="Article 1", by=ana)
    actions.consent_to_wording(party=first, version=1, by=ana)
    with pytest.raises(Conflict, match="Every party"):
        approve()
    with pytest.raises(NotAllowed):
        actions.consent_to_wording(party=second, version=1, by=ana)
    actions.consent_to_wording(party=second, version=1, by=bo)

    assert approve() == S.APPROVED
    assert _entries(agreement).count("agreements.consented") == 2
    assert set(Notice.objects.filter(kind="agreements.consented").values_list("user", flat=True)) == {
        ana.pk,
        bo.pk,
    }
    with pytest.raises(Conflict):
        actions.withdraw_consent(party=second, by=bo)


@pytest.mark.parametrize("change", ["body", "another language", "terms", "authentic text"])
def test_a_change_after_consent_asks_every_party_again(change: str) -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana, bo = make_member(ours), make_member(theirs)
    agreement = _draft(ours, theirs, ana)
    actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=ana)
    actions.write_body(agreement=agreement, language="en", body="Article 1", by=ana)
    for person, organisation in ((ana, ours), (bo, theirs)):
        party = agreement.parties.get(organisation=organisation)
        actions.consent_to_wording(party=party, version=1, by=person)

    if change == "body":
        actions.write_body(agreement=agreement, language="en", body="Article 2", by=ana)
    elif change == "another language":
        actions.write_body(agreement=agreement, language="fr", body="Article premier", by=ana)
    elif change == "terms":
        actions.change_terms(agreement=agreement, terms=Terms(kind="mou", notice_days=10), by=ana)
    else:
        new = NewText(language="en", title="Joint research on trains", is_authentic=True)
        actions.write_text(agreement=agreement, text=new, by=ana)

    assert Agreement.objects.get().wording_version == 2
    assert queries.awaiting_consent(Agreement.objects.get()).count() == 2
    assert list(Notice.objects.filter(kind="agreements.wording_changed").values_list("user", flat=True)) == [
        bo.pk
    ]
    with pytest.raises(Conflict, match="Every party"):
        actions.move_agreement(agreement=agreement, to=S.APPROVED, by=ana)
    with pytest.raises(Conflict, match="changed in the meantime"):
        actions.consent_to_wording(party=party, version=1, by=bo)


def test_what_changes_nothing_of_the_wording_keeps_the_consents() -> None:
    ours = make_organisation()
    ana = make_member(ours)
    agreement = _draft(ours, make_organisation(), ana)
    actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=ana)
    actions.write_body(agreement=agreement, language="en", body="Article 1", by=ana)
    party = agreement.parties.get(organisation=ours)
    actions.consent_to_wording(party=party, version=1, by=ana)

    actions.write_body(agreement=agreement, language="en", body="Article 1", by=ana)
    actions.write_text(agreement=agreement, text=NewText(language="fr", title="Batteries"), by=ana)
    actions.move_agreement(agreement=agreement, to=S.UNDER_REVIEW, by=ana, due_on=in_days(3))

    party.refresh_from_db()
    assert (Agreement.objects.get().wording_version, party.consented_version) == (1, 1)
    actions.withdraw_consent(party=party, by=ana)
    party.refresh_from_db()
    assert (party.consented_version, party.consented_on, party.consented_by) == (None, None, None)


def test_the_database_itself_refuses_what_nobody_consented_to() -> None:
    ours = make_organisation()
    agreement = make_agreement(ours, make_organisation(), status=S.NEGOTIATION)

    for constraint, change in (
        ("every_party_consents", lambda: Agreement.objects.update(status=S.APPROVED)),
        ("every_party_signs", lambda: Agreement.objects.update(status=S.SIGNED)),
    ):
        agreement.parties.filter(organisation=ours).update(signed_on=None)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            change()
        assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]
    agree_on_wording(agreement)
    Agreement.objects.update(status=S.APPROVED)
    for write in (
        lambda: AgreementBody.objects.update(body="Another article"),
        lambda: AgreementBody.objects.create(agreement=agreement, language="fr", body="Article"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


# --- signing ----------------------------------------------------------------------------------------------
def test_an_agreement_is_signed_with_its_last_signature() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana, bo = make_member(ours), make_member(theirs)
    agreement = _approved(ours, theirs, ana)
    first, second = agreement.parties.get(organisation=ours), agreement.parties.get(organisation=theirs)

    half = actions.record_signature(party=first, signed_on=date(2026, 3, 1), by=ana, signatory="Ana")
    whole = actions.record_signature(party=second, signed_on=date(2026, 3, 5), by=bo, place="Warsaw")

    assert (half.status, half.signed_on) == (S.APPROVED, None)
    assert (whole.status, whole.signed_on, whole.signed_at_place) == (S.SIGNED, date(2026, 3, 5), "Warsaw")
    assert [(p.signed_on, p.recorded_by) for p in agreement.parties.order_by("signed_on")] == [
        (date(2026, 3, 1), ana),
        (date(2026, 3, 5), bo),
    ]
    assert _entries(agreement)[-2:] == ["agreements.signature_recorded"] * 2


def test_one_party_does_not_sign_for_the_other() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana = make_member(ours)
    agreement = _approved(ours, theirs, ana)

    with pytest.raises(NotAllowed):
        actions.record_signature(
            party=agreement.parties.get(organisation=theirs), signed_on=date(2026, 3, 1), by=ana
        )


def test_a_country_without_an_organisation_here_is_recorded_by_the_other_party() -> None:
    ours = make_organisation()
    ana = make_member(ours)
    agreement = actions.draft_agreement(
        by=ana,
        terms=Terms(kind=Agreement.Kind.INTERGOVERNMENTAL, level=Agreement.Level.NATIONAL),
        parties=[NewParty(ours, make_place("PL")), NewParty(place=make_place("KE"))],
        texts=[TITLE],
    )
    actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=ana)
    actions.write_body(agreement=agreement, language="en", body="Article 1", by=ana)
    for party in agreement.parties.all():
        actions.consent_to_wording(party=party, version=1, by=ana)
    actions.move_agreement(agreement=agreement, to=S.APPROVED, by=ana)
    for party in agreement.parties.all():
        actions.record_signature(party=party, signed_on=date(2026, 3, 1), by=ana)

    assert Agreement.objects.get().status == S.SIGNED


def test_a_signature_is_neither_repeated_nor_in_the_future() -> None:
    ours, theirs = make_organisation(), make_organisation()
    ana = make_member(ours)
    agreement = _approved(ours, theirs, ana)
    party = agreement.parties.get(organisation=ours)

    with pytest.raises(Invalid):
        actions.record_signature(party=party, signed_on=in_days(1), by=ana)
    actions.record_signature(party=party, signed_on=in_days(0), by=ana)
    with pytest.raises(Conflict):
        actions.record_signature(party=party, signed_on=in_days(0), by=ana)
    with pytest.raises(Conflict, match="has signed"):
        actions.move_agreement(agreement=agreement, to=S.NEGOTIATION, by=ana)


# --- keeping ----------------------------------------------------------------------------------------------
def test_entry_into_force_has_a_day_between_signature_and_today() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = make_agreement(
        ours, make_organisation(), status=S.SIGNED, signed_on=date(2026, 3, 1), in_force_on=None
    )

    for day in (date(2026, 2, 28), in_days(1)):
        with pytest.raises(Invalid):
            actions.enter_into_force(agreement=agreement, on=day, by=by)
    agreement = actions.enter_into_force(agreement=agreement, on=date(2026, 3, 2), by=by)

    assert (agreement.status, agreement.in_force_on) == (S.IN_FORCE, date(2026, 3, 2))
    assert _entries(agreement) == ["agreements.entered_into_force"]
    with pytest.raises(Conflict):
        actions.enter_into_force(agreement=agreement, on=date(2026, 3, 2), by=by)


def test_renewal_falls_due_when_the_period_of_notice_begins_and_is_said_once() -> None:
    ours = make_organisation()
    person = make_member(ours)
    agreement = make_agreement(ours, make_organisation(), ends_on=in_days(30), notice_days=30)
    later = make_agreement(ends_on=in_days(31), notice_days=30)
    silent = make_agreement(ends_on=in_days(1), renewal=Agreement.Renewal.NONE)
    today = timezone.localdate()

    counts = [actions.mark_renewals_due(today=today), actions.mark_renewals_due(today=today)]

    assert counts == [1, 0]
    agreement.refresh_from_db()
    assert (agreement.status, agreement.due_on) == (S.RENEWAL_DUE, agreement.ends_on)
    assert [Agreement.objects.get(pk=a.pk).status for a in (later, silent)] == [S.IN_FORCE, S.IN_FORCE]
    assert list(Notice.objects.values_list("user", "kind")) == [(person.pk, "agreements.renewal_due")]
    assert _entries(agreement) == ["agreements.renewal_due"]


def test_renewing_moves_the_end() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = make_agreement(ours, make_organisation(), status=S.RENEWAL_DUE, ends_on=in_days(30))

    with pytest.raises(Invalid):
        actions.renew_agreement(agreement=agreement, ends_on=in_days(30), by=by)
    agreement = actions.renew_agreement(agreement=agreement, ends_on=in_days(400), by=by)

    assert (agreement.status, agreement.ends_on, agreement.due_on) == (S.IN_FORCE, in_days(400), None)
    assert _entries(agreement) == ["agreements.renewed"]


def test_an_agreement_expires_after_its_last_day() -> None:
    today = timezone.localdate()
    agreement = make_agreement(ends_on=today)

    assert actions.end_past_agreements(today=today) == 0
    assert actions.end_past_agreements(today=today + timedelta(days=1)) == 1
    assert actions.end_past_agreements(today=today + timedelta(days=1)) == 0

    agreement.refresh_from_db()
    assert (agreement.status, agreement.ended_on) == (S.EXPIRED, today)
    assert _entries(agreement) == ["agreements.expired"]


def test_tacit_renewal_prolongs_by_its_term() -> None:
    agreement = make_agreement(
        ends_on=date(2026, 3, 31),
        renewal=Agreement.Renewal.TACIT,
        term_months=6,
        in_force_on=date(2025, 4, 1),
    )

    actions.end_past_agreements(today=date(2026, 4, 1))

    agreement.refresh_from_db()
    assert (agreement.status, agreement.ends_on) == (S.IN_FORCE, date(2026, 9, 30))


def test_ending_needs_a_reason() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = make_agreement(ours, make_organisation())

    with pytest.raises(Invalid):
        actions.terminate_agreement(agreement=agreement, on=date(2026, 6, 1), reason=" ", by=by)
    agreement = actions.terminate_agreement(
        agreement=agreement, on=date(2026, 6, 1), reason="The laboratory closed.", by=by
    )

    assert (agreement.status, agreement.ended_on) == (S.TERMINATED, date(2026, 6, 1))
    assert _entries(agreement) == ["agreements.terminated"]


# --- commitments ------------------------------------------------------------------------------------------
def test_a_commitment_is_added_and_done_or_dropped_with_a_reason() -> None:
    ours = make_organisation()
    by = make_member(ours)
    agreement = make_agreement(ours, make_organisation())
    party = agreement.parties.get(organisation=ours)
    done = actions.add_commitment(
        party=party, text="Send two researchers", language="en", due_on=in_days(9), by=by
    )
    dropped = actions.add_commitment(
        party=party, text="Build a hall", language="en", due_on=in_days(9), by=by
    )

    actions.complete_commitment(commitment=done, done_on=in_days(0), by=by)
    with pytest.raises(Invalid):
        actions.drop_commitment(commitment=dropped, reason="", by=by)
    actions.drop_commitment(commitment=dropped, reason="No site was found.", by=by)

    assert list(Commitment.objects.order_by("text").values_list("text", "status", "drop_reason")) == [
        ("Build a hall", "dropped", "No site was found."),
        ("Send two researchers", "done", ""),
    ]
    assert _entries(agreement) == [
        "agreements.commitment_added",
        "agreements.commitment_added",
        "agreements.commitment_done",
        "agreements.commitment_dropped",
    ]
    with pytest.raises(Conflict):
        actions.complete_commitment(commitment=done, done_on=in_days(0), by=by)


def test_a_reader_of_a_public_agreement_adds_no_commitment() -> None:
    agreement = make_agreement()

    with pytest.raises(NotAllowed):
        actions.add_commitment(
            party=agreement.parties.all()[0], text="x", language="en", due_on=in_days(1), by=make_user()
        )
