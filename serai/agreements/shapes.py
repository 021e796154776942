"""Agreements as the shapes that the components print."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from serai.agreements import lifecycle, queries
from serai.agreements.fields import field_label
from serai.agreements.models import Agreement, Party
from serai.core import ui
from serai.core.history import history as history
from serai.core.text import listed
from serai.core.words import colon, on_day
from serai.directory.models import Organisation
from serai.directory.places import place_name


def organisation_chip(organisation: Organisation) -> ui.Chip:
    return ui.Chip(
        organisation.name,
        reverse("organisation_detail", args=[organisation.pk]),
        place=place_name(organisation.country) if organisation.country else "",
        lang=organisation.name_language,
        verified=organisation.status == Organisation.Status.VERIFIED,
    )


def with_country(organisation: Organisation) -> str:
    """ "Politechnika Nadwiślańska (Poland)", the name in its own direction."""
    country = f" ({place_name(organisation.country)})" if organisation.country else ""
    return f"\u2068{organisation.name}\u2069{country}"


def party_in_row(party: Party) -> str:
    if party.organisation and not party.place:
        return with_country(party.organisation)
    return party_name(party)


def party_name(party: Party) -> str:
    """A country where a country is the party, with the organisation that acts for it."""
    place = place_name(party.place) if party.place else ""
    if party.organisation and place:
        return f"{place} ({party.organisation.name})"
    return party.organisation.name if party.organisation else place


def party_chip(party: Party) -> ui.Chip:
    if party.organisation:
        chip = organisation_chip(party.organisation)
        return ui.Chip(party_name(party), chip.url, lang=chip.lang, place="" if party.place else chip.place)
    return ui.Chip(party_name(party), kind="place")


def row(agreement: Agreement) -> ui.Row:
    title, language = queries.title_of(agreement)
    parties = list(agreement.parties.all())
    return ui.Row(
        title,
        reverse("agreement_detail", args=[agreement.pk]),
        lang=language,
        kind=agreement.get_kind_display(),
        icon="file-earmark-check",
        place=" · ".join(party_in_row(party) for party in parties[:4]) + (" …" if len(parties) > 4 else ""),
        snippet=" · ".join(_days(agreement)),
        status=agreement.get_status_display(),
        status_tone=lifecycle.AGREEMENT.tones[agreement.status],  # type: ignore[arg-type]
        tokens=[ui.Token(field_label(code)) for code in agreement.fields_of_science],
        tier="" if agreement.tier == "public" else agreement.tier,
    )


def ending_row(agreement: Agreement) -> ui.Row:
    """A row of what ends next: by when, and what happens at its end."""
    plain = row(agreement)
    notice = _("Period of notice from %(day)s") % {"day": on_day(notice_begins(agreement))}
    what = [str(agreement.get_renewal_display())]
    if agreement.renewal != Agreement.Renewal.NONE:
        what.append(notice)
    return replace(
        plain,
        snippet=f"{colon(_('Signed'))}{on_day(agreement.signed_on)}" if agreement.signed_on else "",
        why=" · ".join(what),
        due=agreement.ends_on,
        due_label=_("Ends"),
    )


def notice_begins(agreement: Agreement) -> date | None:
    return agreement.ends_on - timedelta(days=agreement.notice_days) if agreement.ends_on else None


def _days(agreement: Agreement) -> Iterator[str]:
    """When it was signed, and until when it holds or held."""
    if agreement.signed_on:
        yield f"{colon(_('Signed'))}{on_day(agreement.signed_on)}"
    if agreement.ended_on:
        yield f"{colon(_('Ended'))}{on_day(agreement.ended_on)}"
    elif agreement.signed_on:
        yield f"{colon(_('Ends'))}{on_day(agreement.ends_on)}" if agreement.ends_on else str(_("No term"))


def facts(agreement: Agreement) -> list[ui.Fact]:
    yes = pgettext("binding", "Yes") if agreement.is_binding else pgettext("binding", "No")
    found = [
        ui.Fact(_("Kind"), agreement.get_kind_display()),
        ui.Fact(_("Level"), agreement.get_level_display()),
        ui.Fact(_("Binding in law"), yes),
        ui.Fact(_("Fields"), listed(field_label(code) for code in agreement.fields_of_science)),
        ui.Fact(_("Signed"), ui_day(agreement.signed_on)),
        ui.Fact(_("Signed at"), agreement.signed_at_place),
        ui.Fact(_("In force since"), ui_day(agreement.in_force_on)),
        ui.Fact(_("Ends"), ui_day(agreement.ends_on) or _("No term")),
        ui.Fact(_("At its end"), agreement.get_renewal_display() if agreement.ends_on else ""),
        ui.Fact(_("Ended"), ui_day(agreement.ended_on)),
        ui.Fact(_("Why it ended"), agreement.end_reason),
    ]
    return [fact for fact in found if fact.value]


def ui_day(day: date | None) -> str:
    return on_day(day)
