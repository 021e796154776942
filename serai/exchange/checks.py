"""What must hold before a listing is read by others: each check says what is wrong, in which text, and why.

The forms show them while people write, `submit_for_review` and the saving of public texts enforce them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from serai.core import fence
from serai.engines import matching as m
from serai.exchange import addresses, policies, vocabularies
from serai.exchange.models import Listing, ListingContact, ListingDetail, ListingTeaser

SUMMARY_MIN = 60
"""Fewer characters than this say too little to be found, or to be judged."""


@dataclass(frozen=True)
class Finding:
    """`stops` findings prevent the review; the others are advice. `field` is where it can be mended.

    `language` is the version of the texts it is about, empty for the listing's own; `reads_as` the language that
    version is evidently in, where that is another.
    """

    field: str
    message: str
    stops: bool
    step: Literal["about", "teaser", "details", "facts", "partner", "contact"]
    language: str = ""
    reads_as: str = ""


def address_errors(texts: dict[str, str], *, links: bool = False) -> dict[str, str]:
    """Field -> sentence for every field that holds addresses; the sentence names them."""
    errors = {}
    for field, text in texts.items():
        found = addresses.find(text, links=links)
        if found:
            errors[field] = address_sentence(found)
    return errors


def address_sentence(found: Sequence[addresses.Found]) -> str:
    values = ", ".join(dict.fromkeys(f.value for f in found))
    return ngettext(
        "Everybody can read this text. Move this address into the contact: %(values)s",
        "Everybody can read this text. Move these addresses into the contact: %(values)s",
        len(found),
    ) % {"values": values}


def is_email(value: str) -> bool:
    """Whether a value can be written to."""
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True


def names_of_owner(listing: Listing) -> set[str]:
    """What would tell who the owner is: every name, its site, its city."""
    organisation = listing.organisation
    names = {organisation.name, organisation.city, *organisation.domains}
    names |= {name.text for name in organisation.names.all()}
    return {name for name in names if name}


def anonymity_errors(listing: Listing, texts: dict[str, str]) -> dict[str, str]:
    """Field -> sentence for every public field that gives an anonymous owner away."""
    if listing.disclosure != Listing.Disclosure.ANONYMOUS:
        return {}
    names = names_of_owner(listing)
    errors = {}
    for field, text in texts.items():
        found = [
            *addresses.find_names(text, names),
            *(one for one in addresses.find(text, links=True) if one.kind == "link"),
            *addresses.find_patents(text),
        ]
        if found:
            values = ", ".join(dict.fromkeys(f.value for f in found))
            errors[field] = _("This would tell who you are; the listing is anonymous: %(values)s") % {
                "values": values
            }
    return errors


def public_text_errors(listing: Listing, texts: dict[str, str]) -> dict[str, str]:
    """Everything that keeps these public texts from being saved as they are."""
    return {**anonymity_errors(listing, texts), **address_errors(texts)}


def teaser_texts(teaser: ListingTeaser) -> dict[str, str]:
    return {"title": teaser.title, "summary": teaser.summary, "keywords": ", ".join(teaser.keywords)}


def findings(listing: Listing) -> list[Finding]:
    """All findings of a listing: those that stop it, then texts marked as another language, then other advice.

    Reads its texts, contact and owner's names.
    """
    teasers = {teaser.language: teaser for teaser in listing.teasers.all()}
    details = {detail.language: detail for detail in listing.details.all()}
    with fence.subject(fence.NODE):  # whether there is one is told, and nothing of it
        contact = ListingContact.objects.filter(listing=listing).first()
    found = [
        *_text_findings(listing, teasers),
        *_detail_findings(listing, details),
        *_language_findings(listing, teasers, details),
        *_fact_findings(listing),
        *_contact_findings(contact),
    ]
    return sorted(found, key=lambda finding: (not finding.stops, not finding.reads_as))


def written_steps(listing: Listing) -> set[str]:
    """The steps of the form that hold something; a step that was skipped is not among them."""
    own = listing.details.filter(language=listing.language).exclude(description="")
    with fence.subject(fence.NODE):  # whether there is one is told, and nothing of it
        contact = ListingContact.objects.filter(listing=listing).exclude(email="", phone="")
        has_contact = contact.exists()
    filled = {
        "about": True,
        "teaser": any(text.language == listing.language for text in listing.teasers.all()),
        "details": own.exists(),
        "facts": bool(listing.trl or listing.sectors or listing.sdgs) or listing.ip_status != "unknown",
        "partner": bool(listing.partnerships or listing.partner_kinds or listing.work_languages),
        "contact": has_contact,
        "send": listing.status not in policies.EDITABLE,
    }
    return {step for step, is_filled in filled.items() if is_filled}


def _text_findings(listing: Listing, teasers: dict[str, ListingTeaser]) -> Iterable[Finding]:
    own = teasers.get(listing.language)
    if own is None:
        yield Finding("title", _("The public text is missing."), True, "teaser")
        return
    if len(own.summary) < _shortest(own.summary):
        yield Finding("summary", _("The summary is too short to be found or judged."), True, "teaser")
    if not own.keywords:
        yield Finding("keywords", _("Keywords help people of the field to find it."), False, "teaser")
    for teaser in teasers.values():
        version = "" if teaser is own else teaser.language
        for field, message in public_text_errors(listing, teaser_texts(teaser)).items():
            yield Finding(field, message, True, "teaser", version)


def _shortest(text: str) -> int:
    """Scripts without blanks say three times as much in a character."""
    dense = sum(ord(character) > 0x2E7F for character in text)
    return SUMMARY_MIN // 3 if dense * 2 > len(text) else SUMMARY_MIN


def _detail_findings(listing: Listing, details: dict[str, ListingDetail]) -> Iterable[Finding]:
    own = details.get(listing.language)
    if own is None or not own.description:
        yield Finding(
            "description", _("Members judge by the details; without them few will answer."), False, "details"
        )


def _language_findings(
    listing: Listing, teasers: dict[str, ListingTeaser], details: dict[str, ListingDetail]
) -> Iterable[Finding]:
    """A version that is not in the language it is marked with: it would be stemmed, searched and shown as another."""
    for language in sorted({*teasers, *details}):
        teaser, detail = teasers.get(language), details.get(language)
        public = f"{teaser.title}\n{teaser.summary}" if teaser else ""
        said = "\n".join([detail.description, detail.advantages, detail.requirements]) if detail else ""
        step: Literal["teaser", "details"]
        for step, field, text in (("teaser", "summary", public), ("details", "description", said)):
            reads_as = evident_language(text, language)
            if reads_as:
                version = "" if language == listing.language else language
                message = language_sentence(language, reads_as)
                yield Finding(field, message, False, step, version, reads_as)
                break


EVIDENT = 80
"""Letters from which on a language other than the declared one is believed in the same script."""


def evident_language(text: str, declared: str) -> str:
    """The language a text is evidently in if it is not the declared one, else empty.

    Either it has hardly a letter of a script that language is written in; or the whole and each of its halves are
    taken for one and the same other language, which a few foreign names or a close neighbour do not bring about.
    """
    known = m.detect(text, declared)
    by_script = m.detect("", declared)
    if known != by_script:
        return known if known in vocabularies.LANGUAGES else ""
    if len(text) < EVIDENT:
        return ""
    middle = text.find(" ", len(text) // 2) + 1 or len(text) // 2
    taken_for = {m.detect(part) for part in (text, text[:middle], text[middle:])}
    found = taken_for.pop()
    if taken_for or found == by_script or {found, by_script} in NEIGHBOURS:
        return ""
    return found if found in vocabularies.LANGUAGES else ""


NEIGHBOURS = [
    {"id", "ms"}, {"hr", "sr"}, {"da", "no"}, {"cs", "sk"}, {"hi", "ne"}, {"kk", "ky"}, {"fa", "ur"},
    {"bg", "sr"}, {"tr", "uz"}, {"tr", "tk"}, {"no", "sv"}, {"es", "pt"}, {"hr", "sl"}, {"tg", "uz"},
]  # fmt: skip
"""Written so alike that a short text of one is taken for the other."""


def language_sentence(declared: str, reads_as: str) -> str:
    names = dict(vocabularies.language_choices())
    return _("This text is marked as %(declared)s, but it reads as %(found)s.") % {
        "declared": names.get(declared.split("-")[0].lower(), declared),
        "found": names.get(reads_as, reads_as),
    }


def _fact_findings(listing: Listing) -> Iterable[Finding]:
    if listing.trl is None and listing.direction == Listing.Direction.OFFER:
        yield Finding("trl", _("The readiness level is not stated."), False, "facts")
    if not listing.sectors:
        yield Finding(
            "sectors", _("No sector is chosen; people who filter by sector will miss it."), False, "facts"
        )
    if not listing.partnerships:
        yield Finding("partnerships", _("Say which kind of partnership you look for."), True, "partner")


def _contact_findings(contact: ListingContact | None) -> Iterable[Finding]:
    if contact is None or not (contact.email or contact.phone):
        yield Finding("email", _("Say how a partner reaches you after both sides said yes."), True, "contact")


STEP_LABELS: dict[str, Any] = {
    "about": pgettext_lazy("step of a listing", "What it is"),
    "teaser": gettext_lazy("Public text"),
    "details": gettext_lazy("Details for members"),
    "facts": gettext_lazy("Facts"),
    "partner": gettext_lazy("Partner sought"),
    "contact": gettext_lazy("Contact"),
    "send": gettext_lazy("Check and send"),
}
