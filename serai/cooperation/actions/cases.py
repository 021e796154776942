"""A case: opened by a person, moved step by step, ended with a result or a reason."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements import actions as agreement_actions
from serai.agreements.actions import NewParty, NewText, Terms
from serai.agreements.models import Agreement
from serai.cooperation import lifecycle, policies, queries
from serai.cooperation.actions.common import (
    link_beginnings,
    locked_for,
    must_act_for_one,
    must_say,
    own_people_of,
    people_of,
    tell,
)
from serai.cooperation.models import Case
from serai.core import audit, chain
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.lifecycle import advance
from serai.core.models import Link
from serai.directory.models import Organisation
from serai.events.models import Meeting
from serai.exchange import actions as exchange_actions
from serai.exchange.models import Interest

S = Case.Status
FIRST_STEP_DAYS = 14
"""A new case that nobody looks at is lost: its first step is due after two weeks."""


@transaction.atomic
def open_case(
    *,
    by: User,
    title: str,
    language: str,
    parties: Sequence[Organisation],
    next_step: str = "",
    due_on: date | None = None,
    origins: Sequence[models.Model] = (),
    is_invented: bool = False,
) -> Case:
    """Open a case between at least two organisations; `by` owns it and acts for one of them.

    `origins` are the records that led to it (an interest, a meeting). Raises Invalid for fewer than two
    parties or no title, NotAllowed unless `by` acts for a party.
    """
    title = must_say(title, name="title", message=_("Give the case a title."))
    distinct = {organisation.pk: organisation for organisation in parties}
    if len(distinct) < 2:
        raise Invalid(_("A cooperation has two sides."), fields={"parties": _("Name the other side.")})
    must_act_for_one(by, distinct.values())
    case = Case.objects.create(
        title=title[:300],
        language=language,
        status=S.MATCHED if origins else S.LEAD,
        owner=by,
        next_step=next_step,
        planned_step="" if next_step else Case.Step.START,
        due_on=due_on or timezone.localdate() + timedelta(days=FIRST_STEP_DAYS),
        is_invented=is_invented,
    )
    case.parties.set(distinct.values())
    for origin in origins:
        chain.link(source=origin, relation=Link.Relation.OPENED, target=case, by=by)
    audit.record(
        actor=by,
        action="cooperation.case_opened",
        obj=case,
        data={"status": case.status, "parties": sorted(str(pk) for pk in distinct)},
    )
    _tell_others(case, kind="cooperation.case_opened", key="cooperation.case_opened", but=by)
    return case


@transaction.atomic
def open_case_from_interest(*, interest: Interest, by: User, **said: Any) -> Case:
    """Open the case that an accepted interest leads to, or join the one that a meeting about it opened.

    Tapping twice, or from both sides, is one case. `said` are `title`, `language`, `next_step` and `due_on` of
    `open_case`; without a title it is called by the listing. A case that is there stays as it is.

    Raises Conflict while the interest is not accepted, NotAllowed unless `by` acts for one of the two sides.
    """
    interest = Interest.objects.select_for_update().get(pk=interest.pk)
    sides = [interest.organisation, interest.listing.organisation]
    must_act_for_one(by, sides)
    known = queries.case_opened_from(interest)
    if known is None and interest.status not in queries.GOING_ON:
        raise Conflict(_("A case can be opened once the interest is accepted."))
    called = queries.title_of_listing(interest.listing)
    held = queries.meetings_about(interest).exclude(status=Meeting.Status.CANCELLED)
    tied: list[Interest | Meeting] = [interest, *held]
    return _open_or_join(known, tied, sides, called, by, said)


@transaction.atomic
def open_case_from_meeting(*, meeting: Meeting, by: User, **said: Any) -> Case:
    """Open the case that a held meeting leads to, or join the one that the interest it was about opened.

    The accepted interest that the meeting was about is tied to the same case. `said` as for
    `open_case_from_interest`.

    Raises NotAllowed unless `by` took part or acts for one of the two sides, Conflict for a cancelled meeting.
    """
    interests = list(queries.interests_of(meeting).select_for_update())
    meeting = Meeting.objects.select_for_update().get(pk=meeting.pk)
    request = meeting.request
    sides = [request.requester.organisation, request.invitee.organisation]
    must_act_for_one(by, sides)
    known = queries.case_opened_from(meeting)
    if known is None and meeting.status == Meeting.Status.CANCELLED:
        raise Conflict(_("This meeting was cancelled."))
    return _open_or_join(known, [meeting, *interests], sides, queries.title_of_meeting(meeting), by, said)


def _open_or_join(
    case: Case | None,
    tied: Sequence[Interest | Meeting],
    sides: Sequence[Organisation],
    called: tuple[str, str],
    by: User,
    said: dict[str, Any],
) -> Case:
    """The one case of a contact with all that is `tied` to it: its interest and its meetings.

    `called` is its title, and the language of that, where nobody said otherwise.
    """
    if case is None:
        title, language = said.pop("title", ""), said.pop("language", "")
        named = (title, language or called[1]) if title.strip() else called
        case = open_case(by=by, title=named[0], language=named[1], parties=sides, origins=tied, **said)
    else:
        join_case(case=case, tied=tied, by=by)
    for interest in tied:
        if isinstance(interest, Interest):
            exchange_actions.lead_on(interest=interest, by=by)
    return case


def join_case(*, case: Case, tied: Sequence[Interest | Meeting], by: User | None) -> None:
    """Tie an interest or a meeting to the case of the same contact. Doing it twice changes nothing."""
    for origin in tied:
        if not queries.is_linked(origin, case):
            chain.link(source=origin, relation=Link.Relation.OPENED, target=case, by=by)
            data = {"origin": origin.pk}
            audit.record(actor=by, action="cooperation.meeting_joined", obj=case, data=data)


@transaction.atomic
def set_next_step(*, case: Case, next_step: str, due_on: date, by: User) -> Case:
    """Say what happens next and by when. Raises Conflict when the case is over."""
    case = _locked(case, by)
    if not lifecycle.CASE.transitions[case.status]:
        raise Conflict(_("This case is over."))
    case.next_step = must_say(next_step, name="next_step", message=_("Say what happens next."))
    case.planned_step = ""
    case.due_on = due_on
    case.save()
    audit.record(actor=by, action="cooperation.next_step_set", obj=case, data={"due_on": due_on})
    return case


@transaction.atomic
def hand_over_case(*, case: Case, owner: User, by: User) -> Case:
    """Give the case to a colleague who acts for one's own side, else NotAllowed; each side can take it so."""
    case = _locked(case, by)
    if not own_people_of(case, by).filter(pk=owner.pk).exists():
        raise NotAllowed(_("The new owner must act for your side of the case."))
    case.owner = owner
    case.save()
    audit.record(actor=by, action="cooperation.case_handed_over", obj=case, data={"owner": owner.pk})
    return case


@transaction.atomic
def move_case(*, case: Case, to: str, by: User, next_step: str = "", due_on: date | None = None) -> Case:
    """Take the case a step on. Stalling and ending have actions of their own, since they need a reason."""
    case = _locked(case, by)
    if to in [S.STALLED, S.FAILED]:
        raise Conflict(_("Say why the case stops."))
    advance(lifecycle.CASE, case, to)
    case.end_reason = ""
    case.next_step, case.planned_step = next_step.strip(), ""
    case.due_on = due_on
    case.save()
    audit.record(actor=by, action="cooperation.case_moved", obj=case, data={"status": to})
    return case


@transaction.atomic
def stall_case(*, case: Case, reason: str, resume_on: date, by: User) -> Case:
    """Put the case to rest until a day on which it is looked at again."""
    case = _locked(case, by)
    advance(lifecycle.CASE, case, S.STALLED)
    case.end_reason = must_say(reason, name="reason", message=_("Say why the case rests."))
    case.plan(Case.Step.LOOK)
    case.due_on = resume_on
    case.save()
    audit.record(actor=by, action="cooperation.case_stalled", obj=case, data={"due_on": resume_on})
    return case


@transaction.atomic
def end_case(*, case: Case, reason: str, by: User) -> Case:
    """End the case without a result, saying why: what did not work is worth knowing."""
    case = _locked(case, by)
    advance(lifecycle.CASE, case, S.FAILED)
    case.end_reason = must_say(reason, name="reason", message=_("Say why the case ends."))
    case.next_step = case.planned_step = ""
    case.due_on = None
    case.save()
    audit.record(actor=by, action="cooperation.case_ended", obj=case, data={"status": case.status})
    _tell_others(case, kind="cooperation.case_ended", key="cooperation.case_ended", but=by)
    return case


@transaction.atomic
def conclude_agreement(
    *, case: Case, terms: Terms, texts: Sequence[NewText], by: User, follows: Agreement | None = None
) -> Agreement:
    """Draft the agreement the case leads to, between the parties of the case, and link it in the chain.

    `follows` as for `draft_agreement`.

    The case moves into negotiation; when all parties have signed it is signed (`followers`).
    """
    case = _locked(case, by)
    if case.status not in [S.LEAD, S.MATCHED, S.NEGOTIATING]:
        raise Conflict(_("An agreement is drafted while the case is open and not yet signed."))
    agreement = agreement_actions.draft_agreement(
        by=by,
        terms=terms,
        parties=[NewParty(organisation) for organisation in case.parties.order_by("name", "pk")],
        texts=texts,
        follows=follows,
        is_invented=case.is_invented,
    )
    chain.link(source=case, relation=Link.Relation.AGREED_IN, target=agreement, by=by)
    link_beginnings(case, agreement, by)
    for step in (S.MATCHED, S.NEGOTIATING):
        if lifecycle.CASE.may_follow(case.status, step):
            advance(lifecycle.CASE, case, step)
    case.plan(Case.Step.SIGN)
    case.due_on = terms.due_on or case.due_on
    case.save()
    audit.record(
        actor=by,
        action="cooperation.agreement_drafted",
        obj=case,
        data={"agreement": agreement.pk, "status": case.status},
    )
    return agreement


def _locked(case: Case, by: User) -> Case:
    return locked_for(case, by, visible=policies.visible_cases, may=policies.may_act_on_case)


def _tell_others(case: Case, *, kind: str, key: str, but: User) -> None:
    people = people_of(case.parties.all())
    url = f"/build/cases/{case.pk}/"
    tell(people, kind=kind, obj=case, title=case.title, url=url, key=f"{key}:{case.pk}", but=but)
