"""How organisations look on pages: the shapes that the components print."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from serai.accounts import policies as accounts
from serai.core import ui, words
from serai.core.imports import framework
from serai.core.lifecycle import tone_of
from serai.core.text import best_text, listed
from serai.core.viewer import Viewer
from serai.directory import criteria, identifiers, places, policies, queries
from serai.directory.models import (
    Organisation,
    OrganisationName,
    OrganisationText,
    Place,
    Relation,
    Verification,
)

S = Organisation.Status
K = Relation.Kind

INVERSE: Mapping[str, Any] = {
    K.PARENT: pgettext_lazy("relation", "has the part"),
    K.BRANCH: pgettext_lazy("relation", "has the branch"),
    K.OFFSHORE_CARRIER: pgettext_lazy("relation", "has the offshore carrier"),
    K.TWIN: pgettext_lazy("relation", "is twinned with"),
    K.JOINT_VENTURE: pgettext_lazy("relation", "holds the joint venture"),
    K.MEMBER: pgettext_lazy("relation", "has the member"),
    K.HOSTED_BY: pgettext_lazy("relation", "hosts"),
    K.CLUSTER: pgettext_lazy("relation", "has in its cluster"),
    K.SUCCESSOR: pgettext_lazy("relation", "was succeeded by"),
    K.RELATED: pgettext_lazy("relation", "is related to"),
}


def url_of(organisation: Organisation) -> str:
    return reverse("organisation_detail", args=[organisation.pk])


def kind_labels(organisation: Organisation) -> str:
    """ "University, Research institute" in the language of the page."""
    labels = dict(Organisation.Kind.choices)
    return listed(labels.get(kind, kind) for kind in organisation.kinds)


def place_line(organisation: Organisation) -> str:
    """ "Warsaw, Poland"; either part may be missing."""
    return listed(
        [organisation.city, places.place_name(organisation.country) if organisation.country else ""]
    )


def chip(organisation: Organisation) -> ui.Chip:
    """The organisation by name; its country is expected to be loaded."""
    return ui.Chip(
        organisation.name,
        url_of(organisation),
        place=places.place_name(organisation.country) if organisation.country else "",
        lang=organisation.name_language,
        verified=organisation.status == S.VERIFIED,
    )


def row(organisation: Organisation, why: str = "") -> ui.Row:
    is_plain = organisation.status == S.LISTED
    return ui.Row(
        organisation.name,
        url_of(organisation),
        lang=organisation.name_language,
        kind=kind_labels(organisation),
        icon="building",
        place=place_line(organisation),
        status="" if is_plain else status_label(organisation),
        status_tone=_tone(organisation),
        why=why,
    )


def _tone(organisation: Organisation) -> Any:
    return tone_of(organisation)


def status_label(organisation: Organisation) -> str:
    return str(organisation.get_status_display())


def rows(organisations: Sequence[Organisation], search: queries.Search) -> list[ui.Row]:
    """Result rows; one found by another name than the shown one says by which."""
    reasons = queries.names_that_match(organisations, search.text) if search.text.strip() else {}
    return [row(organisation, _why(reasons.get(organisation.pk))) for organisation in organisations]


def _why(name: OrganisationName | None) -> str:
    return _("Also called %(name)s") % {"name": name.text} if name else ""


def suggestion(organisation: Organisation, is_ambiguous: bool) -> dict[str, str]:
    """What a field that asks for an organisation offers; `value` names no other one (`forms.OtherField` reads it)."""
    value = f"{organisation.name} {url_of(organisation)}" if is_ambiguous else organisation.name
    return {
        "value": value,
        "label": organisation.name,
        "lang": organisation.name_language,
        "note": place_line(organisation),
    }


# --- filters ----------------------------------------------------------------------------------------------
def filters(search: queries.Search, viewer: Viewer) -> list[ui.Filter]:
    """The sentence: "Universities · in Poland · verified". What is not published yet is for stewards to look through."""
    states = [
        ui.Option(queries.Search.VERIFIED, _("verified")),
        ui.Option(queries.Search.ENDED, _("no longer there")),
    ]
    if viewer.is_authenticated:
        states.append(ui.Option(queries.Search.MINE, _("mine")))
    if accounts.is_steward(viewer):
        states += [
            ui.Option(queries.Search.WAITING, _("waiting for verification")),
            ui.Option(queries.Search.DRAFT, _("still drafts")),
            ui.Option(queries.Search.SUSPENDED, _("suspended")),
        ]
    return [
        ui.Filter(
            "kind",
            _("Kind"),
            [ui.Option(value, label) for value, label in Organisation.Kind.choices],
            value=search.kind,
            any_label=_("Organisations of any kind"),
        ),
        ui.Filter(
            "place",
            _("Country or grouping"),
            place_options(),
            value=search.place.code if search.place else "",
            before=pgettext("filter: in a country", "in"),
            any_label=_("any country or region"),
        ),
        ui.Filter(
            "state",
            _("State"),
            states,
            value=search.state,
            any_label=pgettext("filter", "listed or verified"),
        ),
    ]


def place_options() -> list[ui.Option]:
    """Groupings first, then countries and regions, each in the reader's alphabetical order."""
    kinds = (Place.Kind.COUNTRY, Place.Kind.GROUPING)
    found = list(Place.objects.filter(kind__in=kinds).only("code", "kind", "names"))
    grouped = [p for p in found if p.kind == Place.Kind.GROUPING]
    single = [p for p in found if p.kind == Place.Kind.COUNTRY]
    return [
        ui.Option(place.code, places.place_name(place))
        for place in (*places.by_name(grouped), *places.by_name(single))
    ]


# --- one organisation -------------------------------------------------------------------------------------
def facts(organisation: Organisation) -> list[ui.Fact]:
    found = [ui.Fact(_("Kind"), kind_labels(organisation))]
    if place_line(organisation):
        found.append(ui.Fact(_("Place"), place_line(organisation)))
    if organisation.website:
        found.append(ui.Fact(_("Website"), organisation.website, url=organisation.website))
    if organisation.established:
        found.append(ui.Fact(_("Founded"), str(organisation.established)))
    found += _coded_facts(organisation)
    if organisation.source:
        found.append(ui.Fact(_("Source"), source_line(organisation)))
    return found


def source_line(organisation: Organisation) -> str:
    """Which register or list an entry was read from, and as of when: the day the register gives, else our last
    reading of it."""
    try:
        day = date.fromisoformat(organisation.source_modified[:10])
    except ValueError:
        day = timezone.localdate(organisation.created_at)
    said = {"source": framework.source_of(organisation.source), "day": words.on_day(day)}
    return _("%(source)s, as of %(day)s") % said


def _coded_facts(organisation: Organisation) -> list[ui.Fact]:
    found = []
    if organisation.size_class:
        found.append(ui.Fact(_("Size"), queries.label_of("size_class", organisation.size_class)))
    if organisation.sectors:
        labels = [queries.label_of("sectors", code) for code in organisation.sectors]
        found.append(ui.Fact(_("Sectors"), listed(labels)))
    if organisation.fields_of_science:
        labels = [queries.label_of("fields_of_science", code) for code in organisation.fields_of_science]
        found.append(ui.Fact(_("Fields of science"), listed(labels)))
    return found


def identifier_facts(organisation: Organisation) -> list[ui.Fact]:
    return [
        ui.Fact(
            i.get_scheme_display(),
            identifiers.shown(i.scheme, i.value),
            url=identifiers.url_of(i.scheme, i.value),
        )
        for i in sorted(organisation.identifiers.all(), key=lambda i: (i.scheme, i.value))
    ]


def shown_text(organisation: Organisation, viewer: Viewer) -> OrganisationText | None:
    """The description to show first: in the language of the page, else one the viewer reads, else in English."""
    read: list[str] = getattr(viewer, "reads", [])
    return best_text(organisation.texts.all(), [get_language() or "en", *read, "en"])


def sorted_names(organisation: Organisation) -> list[OrganisationName]:
    """The legal name first, then names in the reader's language, then the rest by language."""
    mine = (get_language() or "en").split("-")[0]
    rank = {kind: place for place, kind in enumerate(("legal", "label", "alias", "acronym"))}
    return sorted(
        organisation.names.all(),
        key=lambda n: (rank.get(n.kind, 9), n.language.split("-")[0] != mine, n.language, n.text),
    )


def relation_groups(
    relations: Iterable[Relation], here: UUID
) -> list[tuple[str, list[tuple[ui.Chip, Relation]]]]:
    """Relations grouped by what they say of this organisation: "is a branch of", "has the member" …"""
    groups: dict[str, list[tuple[ui.Chip, Relation]]] = {}
    for relation in relations:
        outward = relation.source_id == here
        words = relation.get_kind_display() if outward else INVERSE[relation.kind]
        other = relation.target if outward else relation.source
        groups.setdefault(str(words), []).append((chip(other), relation))
    return [
        (words, sorted(found, key=lambda pair: str(pair[0].name))) for words, found in sorted(groups.items())
    ]


def visible_chip(viewer: Viewer, organisation: Organisation | None) -> ui.Chip | None:
    """A related organisation as a chip, if the viewer may see it."""
    if organisation is None or not policies.may_see_organisation(viewer, organisation):
        return None
    return chip(organisation)


def finding_checks(
    findings: Mapping[str, Verification], *, with_evidence: bool
) -> list[tuple[ui.Check, Any]]:
    """(criterion with what was found, when) in the published order; evidence for managers and stewards only."""
    return [
        (
            ui.Check(c.question, findings[c.name].is_met, findings[c.name].evidence if with_evidence else ""),
            findings[c.name].checked_at,
        )
        for c in criteria.CRITERIA
        if c.name in findings
    ]


def next_step(viewer: Viewer, organisation: Organisation, may_edit: bool) -> ui.Action | None:
    """The one next step of an organisation for this viewer."""
    if organisation.status in policies.WAITING_STATUSES and policies.may_verify(viewer, organisation):
        return ui.Action(_("Verify"), reverse("verification", args=[organisation.pk]), "patch-check")
    if may_edit and organisation.status in (S.DRAFT, S.LISTED):
        return ui.Action(
            _("Submit for verification"),
            reverse("organisation_submit", args=[organisation.pk]),
            "send",
            "post",
            confirm=_("Submit this entry to the stewards? They check it against the published criteria."),
        )
    return _join(organisation) if queries.may_ask_to_join(viewer, organisation) else None


def _join(organisation: Organisation) -> ui.Action:
    url = reverse("membership_request", args=[organisation.pk])
    question = _("Ask its managers to take you in?")
    return ui.Action(_("Ask to join"), url, "person-plus", "post", confirm=question)


def further_actions(organisation: Organisation, may_edit: bool, is_steward: bool) -> list[ui.Action]:
    """The overflow menu: changing for managers, suspending and ending for stewards."""

    def to(url_name: str) -> str:
        return reverse(url_name, args=[organisation.pk])

    found = []
    if may_edit:
        found.append(ui.Action(_("Edit"), to("organisation_edit"), "pencil"))
    if not is_steward:
        return found
    if organisation.status == S.VERIFIED:
        found.append(ui.Action(_("Suspend"), to("organisation_suspend"), "pause-circle", danger=True))
    if organisation.status == S.SUSPENDED:
        question = _("Make this organisation verified again?")
        found.append(
            ui.Action(_("Reinstate"), to("organisation_reinstate"), "play-circle", "post", confirm=question)
        )
    if organisation.status in (S.LISTED, S.VERIFIED, S.SUSPENDED):
        found.append(ui.Action(_("Record its end"), to("organisation_end"), "archive", danger=True))
    if organisation.status in queries.ENDINGS:
        question = _("List this organisation again?")
        found.append(
            ui.Action(
                _("List again"), to("organisation_relist"), "arrow-counterclockwise", "post", confirm=question
            )
        )
    return found


SUSPICION_WORDS: Mapping[str, Any] = {
    queries.Suspicion.SAME_IDENTIFIER: gettext_lazy("Has the same identifier"),
    queries.Suspicion.SAME_NAME: gettext_lazy("Has the same name in the same country"),
    queries.Suspicion.LOOKS_ALIKE: gettext_lazy("Has a name that looks the same"),
}
