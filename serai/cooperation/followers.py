"""What this app does when something happened in the apps below: it reads their entries in the log.

A case is opened by a person, never by itself: an accepted interest and a meeting that shall be carried on
bring a notice with the way to open it, and the latter also a duty on the page Today.
"""

from serai.accounts.models import User
from serai.agreements.models import Agreement
from serai.cooperation import lifecycle, queries
from serai.cooperation.actions.cases import join_case
from serai.cooperation.actions.common import people_of, tell
from serai.cooperation.models import Case
from serai.core import audit, chain
from serai.core.lifecycle import advance
from serai.core.models import AuditEntry, Link
from serai.events.models import Event, Meeting
from serai.exchange.models import Interest
from serai.exchange.news import named


@audit.follow("cooperation.offer_cases", ["exchange.interest_accepted"])
def offer_case_after_interest(entry: AuditEntry) -> None:
    interest = Interest.objects.filter(pk=entry.object_id).select_related("organisation", "listing").first()
    if interest is None or queries.case_opened_from(interest):
        return
    tell(
        people_of([interest.organisation, interest.listing.organisation]),
        kind="cooperation.case_offered",
        obj=interest,
        title=named(interest.listing),
        url=f"/build/cases/new/interest/{interest.pk}/",
        key=f"cooperation.case_offered:{interest.pk}",
    )


@audit.follow("cooperation.offer_cases_after_meetings", ["events.outcome_recorded"])
def offer_case_after_meeting(entry: AuditEntry) -> None:
    data = audit.entry_data(entry)
    if data.get("kind") not in queries.OPENS_A_CASE:
        return
    found = Meeting.objects.select_related("request__requester__user", "request__invitee__user")
    meeting = found.filter(pk=data.get("meeting", entry.object_id)).first()
    if meeting is None:
        return
    known = queries.case_opened_from(meeting)
    if known is not None:
        join_case(case=known, tied=[meeting], by=None)
        return
    listing = meeting.request.listing
    author = User.objects.filter(pk__in=[entry.actor_id])
    tell(
        author,
        kind="cooperation.case_offered",
        obj=meeting,
        title=named(listing) if listing else queries.title_of_meeting(meeting)[0],
        url=f"/build/cases/new/meeting/{meeting.pk}/",
        key=f"cooperation.case_offered:{meeting.pk}",
    )


@audit.follow("cooperation.sign_cases", ["agreements.signature_recorded"])
def sign_cases(entry: AuditEntry) -> None:
    """With the last signature under its agreement a case is signed."""
    if audit.entry_data(entry).get("status") != Agreement.Status.SIGNED:
        return
    agreed = Link.objects.filter(
        target_kind="agreement",
        target_id=entry.object_id,
        relation=Link.Relation.AGREED_IN,
        source_kind="case",
    )
    for case in Case.objects.select_for_update().filter(pk__in=agreed.values("source_id")):
        if lifecycle.CASE.may_follow(case.status, Case.Status.SIGNED):
            advance(lifecycle.CASE, case, Case.Status.SIGNED)
            case.plan(queries.step_once_signed(case))
            case.save()
            audit.record(actor=None, action="cooperation.case_moved", obj=case, data={"status": case.status})


@audit.follow("cooperation.link_hosts", ["events.event_created"])
def link_hosts(entry: AuditEntry) -> None:
    """An event stands in the chain after the organisations that host it."""
    event = Event.objects.filter(pk=entry.object_id).first()
    if event is not None:
        for host in event.hosts.all():
            chain.link(source=host, relation=Link.Relation.CREATED, target=event)
