"""Cases, projects, facilities and results as the shapes that the components print."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from serai.agreements.fields import field_label
from serai.agreements.shapes import ui_day, with_country
from serai.cooperation import lifecycle, queries, units
from serai.cooperation.models import Case, Facility, Opening, Project, Result
from serai.core import kinds, ui
from serai.core.text import isolated, listed
from serai.directory.models import Organisation
from serai.directory.places import place_name


def names(organisations: Iterable[Organisation], most: int = 4) -> str:
    """Organisations in one line, each with its country, kept apart from the other's direction."""
    found = [with_country(organisation) for organisation in organisations]
    return " · ".join(found[:most]) + (" …" if len(found) > most else "")


def case_row(case: Case) -> ui.Row:
    return ui.Row(
        case.title,
        reverse("case_detail", args=[case.pk]),
        lang=case.language,
        icon="briefcase",
        place=names(case.parties.all()),
        snippet=case.step,
        status=case.get_status_display(),
        status_tone=lifecycle.CASE.tones[case.status],  # type: ignore[arg-type]
        due=case.due_on,
    )


def project_row(project: Project) -> ui.Row:
    title, language = queries.title_of_project(project)
    return ui.Row(
        title,
        reverse("project_detail", args=[project.pk]),
        lang=language,
        icon="columns-gap",
        place=names(party.organisation for party in project.parties.all()),
        when=project.landed_on,
        status=project.get_status_display(),
        status_tone=lifecycle.PROJECT.tones[project.status],  # type: ignore[arg-type]
        tokens=[ui.Token(field_label(project.field))] if project.field else [],
        tier="" if project.tier == "public" else project.tier,
    )


def facility_row(facility: Facility) -> ui.Row:
    name, language = queries.name_of_facility(facility)
    return ui.Row(
        name,
        reverse("facility_detail", args=[facility.pk]),
        lang=language,
        kind=facility.get_kind_display(),
        icon="buildings",
        place=names(facility.hosts.all()),
        when=facility.founded_on,
        status=facility.get_status_display(),
        status_tone=lifecycle.FACILITY.tones[facility.status],  # type: ignore[arg-type]
        tokens=[ui.Token(field_label(facility.field))] if facility.field else [],
        tier="" if facility.tier == "public" else facility.tier,
    )


def origin_of(result: Result) -> tuple[str, str, str]:
    """(title, language, URL) of what the result came of."""
    if result.project is not None:
        title, language = queries.title_of_project(result.project)
        return title, language, reverse("project_detail", args=[result.project.pk])
    if result.facility is not None:
        title, language = queries.name_of_facility(result.facility)
        return title, language, reverse("facility_detail", args=[result.facility.pk])
    return "", "", ""


def result_row(result: Result, partners: Iterable[Organisation] = ()) -> ui.Row:
    return ui.Row(
        result.title,
        reverse("result_detail", args=[result.pk]),
        lang=result.language,
        kind=result.get_kind_display(),
        icon="award",
        place=names(partners),
        when=result.achieved_on,
        status=result.get_status_display(),
        status_tone=lifecycle.RESULT.tones[result.status],  # type: ignore[arg-type]
        tier="" if result.tier == "public" else result.tier,
    )


def project_facts(project: Project) -> list[ui.Fact]:
    levels = " → ".join(str(level) for level in (project.trl_start, project.trl_end) if level)
    found = [
        ui.Fact(_("Field"), field_label(project.field)),
        ui.Fact(_("Readiness level"), levels),
        ui.Fact(pgettext("project", "Begins"), ui_day(project.starts_on)),
        ui.Fact(pgettext("project", "Ends"), ui_day(project.ends_on)),
        ui.Fact(_("Landed on"), ui_day(project.landed_on)),
        ui.Fact(_("Landed in"), place_name(project.landing_place) if project.landing_place else ""),
        ui.Fact(_("Why it stopped"), project.end_reason),
    ]
    return [fact for fact in found if fact.value]


def facility_facts(facility: Facility) -> list[ui.Fact]:
    served = listed(place_name(place) for place in facility.region_served.all())
    found = [
        ui.Fact(_("Kind"), facility.get_kind_display()),
        ui.Fact(_("Field"), field_label(facility.field)),
        ui.Fact(_("Stands in"), place_name(facility.place) if facility.place else ""),
        ui.Fact(_("Serves"), served),
        ui.Fact(_("In operation since"), ui_day(facility.founded_on)),
        ui.Fact(_("Closed on"), ui_day(facility.closed_on)),
        ui.Fact(_("Why it closed"), facility.end_reason),
    ]
    return [fact for fact in found if fact.value]


def result_facts(result: Result) -> list[ui.Fact]:
    amount = units.amount_in_words(result.amount, result.unit) if result.amount is not None else ""
    own_words = result.language if result.unit and not units.is_known(result.unit) else ""
    found = [
        ui.Fact(_("Kind"), result.get_kind_display()),
        ui.Fact(_("Achieved on"), ui_day(result.achieved_on)),
        ui.Fact(_("How much"), amount, lang=own_words),
        ui.Fact(_("Validated on"), ui_day(result.decided_on) if result.status == "validated" else ""),
    ]
    return [fact for fact in found if fact.value]


def told_in_words(told: queries.Told) -> list[str]:
    """What everybody sees beside a public result, and what they do not, in two sentences."""
    found = []
    if told.shown:
        found.append(_("Of its chain everybody will see: %(records)s.") % {"records": _listed(told.shown)})
    if told.kept:
        found.append(_("Shown with it to the parties only: %(records)s.") % {"records": _listed(told.kept)})
        found.append(_("Once the result is reported, you can ask the other parties to show them."))
    return found


def told_lines(cards: Iterable[kinds.Card]) -> list[tuple[object, kinds.Card]]:
    """Each record with the name of its kind: in a chain many bear the same title."""
    return [(kinds.kind_named(card.kind).label, card) for card in cards]


def _listed(cards: Iterable[kinds.Card]) -> str:
    return listed(f"{label} {isolated(card.title)}" for label, card in told_lines(cards))


def opening_row(opening: Opening) -> ui.Row:
    """A wish to show a record, with those who have not answered yet."""
    record = queries.record_of(opening)
    title, language = queries.title_of_record(record)
    waits = [party.organisation for party in opening.asked.all() if party.consented_on is None]
    return ui.Row(
        title,
        reverse("opening_detail", args=[opening.pk]),
        lang=language,
        kind=opening.get_kind_display(),
        icon="eye",
        snippet=_("Waiting for %(parties)s") % {"parties": names(waits)} if waits else "",
        status=opening.get_status_display(),
        status_tone=lifecycle.OPENING.tones[opening.status],  # type: ignore[arg-type]
    )
