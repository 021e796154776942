"""What owners do with their listings: write, send to review, renew, take down, close."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.text import Origin, ReviewState
from serai.directory.models import Organisation, Place
from serai.exchange import checks, news, policies, references, vocabularies
from serai.exchange.lifecycle import LISTING
from serai.exchange.models import Listing, ListingContact, ListingDetail, ListingTeaser

REVIEW_DAYS = 7
"""A steward answers within this many days; the review queue shows the clock."""

LIFE_DAYS = 365
REMIND_DAYS = 14

FACTS = (
    "direction", "kind", "disclosure", "trl", "ip_status", "partnerships", "partner_kinds", "work_languages",
    "sectors", "fields_of_science", "sdgs", "trl_min", "trl_max", "deadline",
)  # fmt: skip


def locked(listing: Listing, by: User) -> Listing:
    """The listing, locked, if `by` may edit it. Raises NotAllowed."""
    listing = (
        Listing.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=listing.pk)
    )
    if not policies.may_edit_listing(by, listing):
        raise NotAllowed(_("Only members of the organisation can do this."))
    return listing


@transaction.atomic
def create_listing(
    *,
    organisation: Organisation,
    direction: str,
    kind: str,
    language: str,
    by: User,
    disclosure: str = Listing.Disclosure.NAMED,
    today: date | None = None,
    is_invented: bool = False,
) -> Listing:
    """Begin a listing as a draft, with its reference number.

    Raises NotAllowed unless `by` belongs to the organisation, Invalid for an unknown direction or kind.
    """
    if not policies.is_member_of(by, organisation.pk):
        raise NotAllowed(_("Only members of the organisation can do this."))
    _check_choice("direction", direction, Listing.Direction.values)
    _check_choice("kind", kind, Listing.Kind.values)
    _check_choice("disclosure", disclosure, Listing.Disclosure.values)
    stem = references.prefix(
        organisation=organisation, kind=kind, direction=direction, day=today or timezone.localdate()
    )
    listing = Listing.objects.create(
        organisation=organisation,
        reference=references.allocate(stem)[0],
        direction=direction,
        kind=kind,
        language=language,
        disclosure=disclosure,
        owner=by,
        is_invented=is_invented,
    )
    audit.record(actor=by, action="exchange.listing_created", obj=listing)
    return listing


def _check_choice(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise Invalid(_("Choose one of the values offered."), fields={field: _("Unknown: %s") % value})


@transaction.atomic
def save_teaser(
    *,
    listing: Listing,
    language: str,
    title: str,
    summary: str,
    by: User,
    keywords: Sequence[str] = (),
    origin: str = Origin.WRITTEN,
    source_language: str = "",
) -> ListingTeaser:
    """Write the public text in one language. A translation may be added while the listing is published.

    Raises Invalid when the text holds addresses, or gives an anonymous owner away; Conflict when the
    listing's own text is to change while others read or judge it.
    """
    listing = locked(listing, by)
    _may_write(listing, language)
    keywords = [" ".join(word.split())[:80] for word in keywords if word.strip()]
    errors = checks.public_text_errors(
        listing, {"title": title, "summary": summary, "keywords": ", ".join(keywords)}
    )
    if errors:
        raise Invalid(_("The public text cannot stay as it is."), fields=errors)
    teaser, _is_new = ListingTeaser.objects.update_or_create(
        listing=listing,
        language=language,
        defaults={
            "title": " ".join(title.split()),
            "summary": summary.strip(),
            "keywords": keywords,
            **_provenance(origin, source_language),
        },
    )
    _text_changed(listing, "teaser", language, by)
    return teaser


@transaction.atomic
def save_detail(
    *,
    listing: Listing,
    language: str,
    by: User,
    description: str = "",
    advantages: str = "",
    requirements: str = "",
    ip_comment: str = "",
    origin: str = Origin.WRITTEN,
    source_language: str = "",
) -> ListingDetail:
    """Write the text for verified members in one language. Errors as for `save_teaser`."""
    listing = locked(listing, by)
    _may_write(listing, language)
    texts = {
        "description": description.strip(),
        "advantages": advantages.strip(),
        "requirements": requirements.strip(),
        "ip_comment": ip_comment.strip(),
    }
    errors = checks.address_errors(texts)
    if errors:
        raise Invalid(_("Addresses belong into the contact."), fields=errors)
    detail, _is_new = ListingDetail.objects.update_or_create(
        listing=listing, language=language, defaults={**texts, **_provenance(origin, source_language)}
    )
    _text_changed(listing, "detail", language, by)
    return detail


@transaction.atomic
def set_language(*, listing: Listing, language: str, to: str, by: User) -> Listing:
    """Say that the texts marked as `language` are in `to`: the mark changes, the words stay.

    With the listing's own version its language changes too, and with it what the translations were made from.
    Raises Conflict if there is a version in `to` already, or the text may not be changed now; Invalid for a language
    nobody can write in here.
    """
    listing = locked(listing, by)
    _check_choice("language", to.split("-")[0].lower(), vocabularies.LANGUAGES)
    if language == to:
        return listing
    _may_write(listing, language)
    versions = (listing.teasers, listing.details)
    if any(texts.filter(language=to).exists() for texts in versions):
        raise Conflict(_("There is a version in this language already."))
    for texts in versions:
        texts.filter(language=language).update(language=to)
        texts.filter(source_language=language).update(source_language=to)
    if listing.language == language:
        listing.language = to
    listing.needs_encoding = True
    listing.save(update_fields=["language", "needs_encoding", "updated_at"])
    audit.record(actor=by, action="exchange.language_set", obj=listing, data={"language": language, "to": to})
    if listing.status == Listing.Status.PUBLISHED:
        news.encode_soon()
    return listing


def _provenance(origin: str, source_language: str) -> dict[str, Any]:
    return {
        "origin": origin,
        "source_language": source_language,
        "review": ReviewState.UNREVIEWED,
        "reviewed_by": None,
    }


def _may_write(listing: Listing, language: str) -> None:
    """Drafts and returned listings are free; of a published one only translations may be added."""
    if listing.status in policies.EDITABLE:
        return
    if listing.status == Listing.Status.PUBLISHED and language != listing.language:
        return
    raise Conflict(_("Take the listing back before you change its text; it is reviewed again afterwards."))


def _text_changed(listing: Listing, tier: str, language: str, by: User) -> None:
    listing.needs_encoding = True
    listing.save(update_fields=["needs_encoding", "updated_at"])
    audit.record(
        actor=by, action="exchange.text_saved", obj=listing, data={"text": tier, "language": language}
    )
    if listing.status == Listing.Status.PUBLISHED:
        news.encode_soon()


@transaction.atomic
def save_facts(
    *,
    listing: Listing,
    by: User,
    target_places: Iterable[Place] | None = None,
    **facts: Any,
) -> Listing:
    """Change what is not text: any of `FACTS`, and the places sought.

    Raises Invalid for a value out of range, Conflict when the direction, kind or disclosure is to change
    after the listing left the owner's hands.
    """
    listing = locked(listing, by)
    unknown = set(facts) - set(FACTS)
    if unknown:
        raise Invalid(_("There is no such field."), fields={name: _("Unknown field.") for name in unknown})
    if listing.status not in (*policies.EDITABLE, Listing.Status.PUBLISHED):
        raise Conflict(_("This listing cannot be changed now."))
    fixed = {"direction", "kind", "disclosure"} & {k for k, v in facts.items() if getattr(listing, k) != v}
    if fixed and listing.status != Listing.Status.DRAFT:
        raise Conflict(
            _("What a listing is, and whether it is anonymous, is settled once it was sent to review.")
        )
    for name, value in facts.items():
        setattr(listing, name, value)
    _check_ranges(listing)
    listing.matching = Listing.Matching.CHANGED
    listing.save(update_fields=[*facts, "matching", "updated_at"])
    if target_places is not None:
        listing.target_places.set(target_places)
    audit.record(actor=by, action="exchange.facts_saved", obj=listing, data={"fields": sorted(facts)})
    if listing.status == Listing.Status.PUBLISHED:
        news.encode_soon()
    return listing


def _check_ranges(listing: Listing) -> None:
    errors = {}
    for field in ("trl", "trl_min", "trl_max"):
        value = getattr(listing, field)
        if value is not None and not 1 <= value <= 9:
            errors[field] = _("Readiness levels go from 1 to 9.")
    if not errors and listing.trl_min and listing.trl_max and listing.trl_min > listing.trl_max:
        errors["trl_max"] = _("The highest level is below the lowest.")
    if any(not 1 <= goal <= 17 for goal in listing.sdgs):
        errors["sdgs"] = _("Goals go from 1 to 17.")
    if errors:
        raise Invalid(_("Some values are out of range."), fields=errors)


@transaction.atomic
def save_contact(
    *, listing: Listing, by: User, name: str = "", email: str = "", phone: str = "", note: str = ""
) -> ListingContact:
    """Say who to talk to, for both sides after both said yes. May change at any time."""
    listing = locked(listing, by)
    contact, _is_new = ListingContact.objects.update_or_create(
        listing=listing, defaults={"name": name, "email": email, "phone": phone, "note": note}
    )
    audit.record(actor=by, action="exchange.contact_saved", obj=listing)
    return contact


# --- the owner's steps ------------------------------------------------------------------------------------
@transaction.atomic
def submit_for_review(*, listing: Listing, by: User) -> Listing:
    """Send a draft, or a listing returned for changes, to the stewards.

    Raises Invalid with what is missing or must go, Conflict when the owner is not verified yet.
    """
    listing = locked(listing, by)
    if listing.organisation.status != Organisation.Status.VERIFIED:
        raise Conflict(_("The organisation must be verified before its listings are reviewed."))
    stopping = [finding for finding in checks.findings(listing) if finding.stops]
    if stopping:
        raise Invalid(_("Some things must be mended first."), fields={f.field: f.message for f in stopping})
    lifecycle.advance(LISTING, listing, Listing.Status.IN_REVIEW)
    listing.submitted_at = timezone.now()
    listing.due_on = timezone.localdate() + timedelta(days=REVIEW_DAYS)
    listing.save(update_fields=["status", "submitted_at", "due_on", "updated_at"])
    audit.record(actor=by, action="exchange.listing_submitted", obj=listing)
    return listing


@transaction.atomic
def take_back(*, listing: Listing, by: User) -> Listing:
    """Take a listing out of review, or a rejected or withdrawn one up again, as a draft."""
    listing = locked(listing, by)
    lifecycle.advance(LISTING, listing, Listing.Status.DRAFT)
    listing.due_on = None
    listing.save(update_fields=["status", "due_on", "updated_at"])
    audit.record(actor=by, action="exchange.listing_taken_back", obj=listing)
    return listing


@transaction.atomic
def revise_listing(*, listing: Listing, by: User) -> Listing:
    """Take a published listing off the lists to change its text; it is reviewed again before it returns."""
    listing = locked(listing, by)
    lifecycle.advance(LISTING, listing, Listing.Status.ON_HOLD)
    listing.save(update_fields=["status", "updated_at"])
    audit.record(actor=by, action="exchange.listing_revised", obj=listing)
    news.encode_soon()
    return listing


@transaction.atomic
def renew_listing(*, listing: Listing, by: User) -> Listing:
    """Say that it still holds: a published or expired listing runs another year from today."""
    listing = locked(listing, by)
    if listing.status != Listing.Status.PUBLISHED:
        lifecycle.advance(LISTING, listing, Listing.Status.PUBLISHED)
        listing.matching = Listing.Matching.CHANGED
    if listing.deadline and listing.deadline < timezone.localdate():
        raise Conflict(_("Its deadline has passed; set a new deadline first."))
    listing.expires_on = end_of_life(listing)
    listing.save(update_fields=["status", "matching", "expires_on", "updated_at"])
    audit.record(
        actor=by,
        action="exchange.listing_renewed",
        obj=listing,
        data={"expires_on": listing.expires_on.isoformat()},
    )
    news.encode_soon()
    return listing


def end_of_life(listing: Listing) -> date:
    """A year from today, or the listing's own deadline if that is sooner."""
    year = timezone.localdate() + timedelta(days=LIFE_DAYS)
    return min(year, listing.deadline) if listing.deadline else year


@transaction.atomic
def withdraw_listing(*, listing: Listing, by: User) -> Listing:
    """Take a listing down: from now on only its own side sees it."""
    listing = locked(listing, by)
    lifecycle.advance(LISTING, listing, Listing.Status.WITHDRAWN)
    listing.save(update_fields=["status", "updated_at"])
    audit.record(actor=by, action="exchange.listing_withdrawn", obj=listing)
    news.encode_soon()
    return listing


@transaction.atomic
def close_listing(*, listing: Listing, closed_as: str, by: User) -> Listing:
    """End a published listing with its result; it stays readable, but is no longer found or matched."""
    listing = locked(listing, by)
    _check_choice("closed_as", closed_as, Listing.Closing.values)
    lifecycle.advance(LISTING, listing, Listing.Status.CLOSED)
    listing.closed_as = closed_as
    listing.save(update_fields=["status", "closed_as", "updated_at"])
    audit.record(actor=by, action="exchange.listing_closed", obj=listing, data={"result": closed_as})
    news.encode_soon()
    return listing


reopen_listing = take_back


# --- jobs -------------------------------------------------------------------------------------------------
def expire_due(*, today: date | None = None, limit: int = 1000) -> int:
    """Expire what has run out, one transaction a listing. Running it twice changes nothing more."""
    day = today or timezone.localdate()
    due = Listing.objects.filter(status=Listing.Status.PUBLISHED, expires_on__lt=day)
    return sum(_expire(pk, day) for pk in due.order_by("expires_on").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _expire(pk: UUID, day: date) -> int:
    row = Listing.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        pk=pk, status=Listing.Status.PUBLISHED, expires_on__lt=day
    )
    listing = row.select_related("organisation").first()
    if listing is None:
        return 0
    lifecycle.advance(LISTING, listing, Listing.Status.EXPIRED)
    listing.save(update_fields=["status", "updated_at"])
    audit.record(actor=None, action="exchange.listing_expired", obj=listing)
    news.tell_owner(listing, "exchange.listing_expired", key=f"expired:{listing.pk}:{listing.expires_on}")
    news.encode_soon()
    return 1


def remind_of_expiry(*, today: date | None = None, limit: int = 1000) -> int:
    """Ask the owners of what runs out within two weeks whether it still holds; once for each end date."""
    day = today or timezone.localdate()
    soon = Listing.objects.filter(
        status=Listing.Status.PUBLISHED, expires_on__range=(day, day + timedelta(days=REMIND_DAYS))
    )
    asked = 0
    for listing in soon.select_related("organisation", "owner").order_by("expires_on")[:limit]:
        with transaction.atomic():
            news.tell_owner(
                listing, "exchange.listing_expiring", key=f"expiring:{listing.pk}:{listing.expires_on}"
            )
        asked += 1
    return asked
