"""Joint laboratories, demonstration centres, overseas parks and transfer centres: founded, run, closed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.agreements.fields import Field
from serai.agreements.models import Agreement
from serai.cooperation import lifecycle, policies, queries
from serai.cooperation.actions.common import (
    has_begun,
    link_beginnings,
    link_parties,
    locked_for,
    must_act_for_one,
    must_say,
)
from serai.cooperation.actions.openings import ask_to_open, first_tier
from serai.cooperation.models import Case, Facility, FacilityText
from serai.core import audit, chain
from serai.core.errors import Conflict, Invalid
from serai.core.lifecycle import advance
from serai.core.models import Link
from serai.core.text import Origin
from serai.core.tiers import Tier
from serai.directory.models import Organisation, Place

S = Facility.Status


@dataclass(frozen=True)
class NewFacilityText:
    language: str
    name: str
    agenda: str = ""
    origin: str = Origin.WRITTEN


@transaction.atomic
def propose_facility(
    *,
    by: User,
    kind: str,
    texts: Sequence[NewFacilityText],
    hosts: Sequence[Organisation],
    place: Place | None = None,
    region_served: Sequence[Place] = (),
    field: str = "",
    tier: str = Tier.PUBLIC,
    latitude: float | None = None,
    longitude: float | None = None,
    case: Case | None = None,
    agreement: Agreement | None = None,
    due_on: date | None = None,
    is_invented: bool = False,
) -> Facility:
    """Propose something lasting. `region_served` are the countries or groupings a transfer centre faces.

    One that everybody shall know of begins among its hosts until each of them has agreed (`openings.first_tier`).

    Raises Invalid when a joint laboratory has fewer than two hosts or no field, when a transfer centre serves
    no region, a place on the globe is off it, or the agreement does not carry it (`queries.must_carry`); NotAllowed
    unless `by` acts for a host.
    """
    _check(kind, texts, hosts, region_served, field, tier, latitude, longitude)
    must_act_for_one(by, hosts)
    queries.must_see_origins(by, case, agreement)
    queries.must_carry(agreement, hosts)
    facility = Facility.objects.create(
        kind=kind,
        field=field,
        place=place,
        tier=first_tier(tier, hosts, agreement, by),
        latitude=latitude,
        longitude=longitude,
        owner=by,
        due_on=due_on,
        is_invented=is_invented,
    )
    facility.hosts.set(hosts)
    facility.region_served.set(region_served)
    FacilityText.objects.bulk_create(FacilityText(facility=facility, **asdict(text)) for text in texts)
    for origin in (agreement, case):
        if origin is not None:
            chain.link(source=origin, relation=Link.Relation.CREATED, target=facility, by=by)
    link_parties(hosts, facility, by)
    link_beginnings(case, facility, by)
    has_begun(case)
    audit.record(
        actor=by,
        action="cooperation.facility_proposed",
        obj=facility,
        data={"kind": kind, "tier": facility.tier, "hosts": [str(host.pk) for host in hosts]},
    )
    if tier != facility.tier:
        ask_to_open(record=facility, by=by)
    return facility


@transaction.atomic
def move_facility(
    *, facility: Facility, to: str, by: User, on: date | None = None, due_on: date | None = None
) -> Facility:
    """Take the facility a step on; `on` is the day it began to operate (first time only).

    Raises Conflict for a step that does not follow or for closing (`close_facility`), Invalid for a day to come.
    """
    facility = _locked(facility, by)
    if to == S.CLOSED:
        raise Conflict(_("Say when and why it closes."))
    advance(lifecycle.FACILITY, facility, to)
    if to == S.OPERATING and facility.founded_on is None:
        facility.founded_on = _past(on or timezone.localdate())
    facility.due_on = due_on
    facility.save()
    audit.record(
        actor=by,
        action="cooperation.facility_moved",
        obj=facility,
        data={"status": to, "founded_on": facility.founded_on},
    )
    return facility


@transaction.atomic
def close_facility(*, facility: Facility, on: date, reason: str, by: User) -> Facility:
    """Close it, saying when and why. It stays in the record of the years in which it worked."""
    facility = _locked(facility, by)
    advance(lifecycle.FACILITY, facility, S.CLOSED)
    facility.closed_on = _past(on)
    if facility.founded_on and on < facility.founded_on:
        raise Invalid(_("It closes after it was founded."), fields={"on": _("Before the founding.")})
    facility.end_reason = must_say(reason, name="reason", message=_("Say why it closes."))
    facility.due_on = None
    facility.save()
    audit.record(actor=by, action="cooperation.facility_closed", obj=facility, data={"on": on})
    return facility


def _locked(facility: Facility, by: User) -> Facility:
    return locked_for(facility, by, visible=policies.visible_facilities, may=policies.may_act_on_facility)


def _past(day: date) -> date:
    if day > timezone.localdate():
        raise Invalid(_("Record it when it has happened."), fields={"on": _("This day is yet to come.")})
    return day


def _check(
    kind: str,
    texts: Sequence[NewFacilityText],
    hosts: Sequence[Organisation],
    region_served: Sequence[Place],
    field: str,
    tier: str,
    latitude: float | None,
    longitude: float | None,
) -> None:
    wrong: dict[str, object] = {}
    if kind not in Facility.Kind.values:
        wrong["kind"] = _("This is not one of the choices.")
    if not texts or any(not text.name.strip() for text in texts):
        wrong["name"] = _("Give it a name.")
    if len({text.language for text in texts}) < len(texts):
        wrong["language"] = _("There is one text for each language.")
    if len({host.pk for host in hosts}) < (2 if kind == Facility.Kind.JOINT_LABORATORY else 1):
        wrong["hosts"] = _("Name the hosts; a joint laboratory has at least two.")
    if kind == Facility.Kind.JOINT_LABORATORY and not field:
        wrong["field"] = _("Joint laboratories are counted by field: name one.")
    if field and field not in Field.values:
        wrong["field"] = _("This field of cooperation is not known.")
    if kind == Facility.Kind.TRANSFER_CENTRE and not region_served:
        wrong["region_served"] = _("Say which countries or regions the centre serves.")
    if tier not in [Tier.PUBLIC, Tier.NETWORK, Tier.MUTUAL]:
        wrong["tier"] = _("A facility is public, for the network, or for its hosts.")
    if (latitude is None) != (longitude is None):
        wrong["latitude"] = _("Give both latitude and longitude, or neither.")
    elif abs(latitude or 0) > 90 or abs(longitude or 0) > 180:
        wrong["latitude"] = _("This point is not on the globe.")
    if wrong:
        raise Invalid(_("The facility cannot be saved like this."), fields=wrong)
