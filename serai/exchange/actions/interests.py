"""Expressions of interest: sent with three answers, answered by a date, yes or a reasoned no."""

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit, chain, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import Link
from serai.directory.models import Organisation
from serai.exchange import news, policies
from serai.exchange.lifecycle import INTEREST
from serai.exchange.models import Interest, Listing

ANSWER_DAYS = 14
LONGEST_DAYS = 90
OPEN = (Interest.Status.SENT, Interest.Status.ACCEPTED, Interest.Status.IN_CONTACT)


@transaction.atomic
def send_interest(
    *,
    listing: Listing,
    organisation: Organisation,
    language: str,
    cooperation_sought: str,
    about_us: str,
    by: User,
    open_questions: str = "",
    own_listing: Listing | None = None,
    answer_due: date | None = None,
    is_invented: bool = False,
) -> Interest:
    """Ask the owner of a published listing for cooperation, in the name of `organisation`.

    Raises NotAllowed unless `by` belongs to `organisation`, Conflict when the listing is not open, is one's
    own, or an interest of the same organisation is still open; Invalid for missing answers or dates.
    """
    listing = (
        Listing.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=listing.pk)
    )
    _check_sender(listing, organisation, own_listing, by)
    due = answer_due or timezone.localdate() + timedelta(days=ANSWER_DAYS)
    _check_answers(cooperation_sought, about_us, due)
    # The lock on the listing makes twins wait here; the constraint stands behind it.
    if Interest.objects.filter(listing=listing, organisation=organisation, status__in=OPEN).exists():
        raise Conflict(_("Your organisation has already sent an interest in this listing."))
    interest = Interest.objects.create(
        listing=listing,
        organisation=organisation,
        own_listing=own_listing,
        sender=by,
        language=language,
        cooperation_sought=cooperation_sought.strip(),
        open_questions=open_questions.strip(),
        about_us=about_us.strip(),
        answer_due=due,
        is_invented=is_invented,
    )
    chain.link(source=listing, relation=Link.Relation.ANSWERED_BY, target=interest, by=by)
    if own_listing is not None:  # what comes of it began with the need as well as with the offer
        chain.link(source=own_listing, relation=Link.Relation.LED_TO, target=interest, by=by)
    audit.record(
        actor=by,
        action="exchange.interest_sent",
        obj=interest,
        data={"listing": str(listing.pk), "organisation": str(organisation.pk), "due": due.isoformat()},
    )
    news.tell_recipient(interest, "exchange.interest_received", key=f"sent:{interest.pk}")
    return interest


def _check_sender(
    listing: Listing, organisation: Organisation, own_listing: Listing | None, by: User
) -> None:
    if not policies.may_send_interest(by, organisation):
        raise NotAllowed(_("You can send interests only for an organisation you belong to."))
    if organisation.status != Organisation.Status.VERIFIED:
        raise Conflict(_("Your organisation must be verified before it can send interests."))
    if listing.organisation_id == organisation.pk:
        raise Conflict(_("This is a listing of your own organisation."))
    if not policies.is_open(listing):
        raise Conflict(_("This listing no longer takes interests."))
    if own_listing is not None and own_listing.organisation_id != organisation.pk:
        raise Invalid(
            _("Choose a listing of your own."), fields={"own_listing": _("Choose one of your own.")}
        )


def _check_answers(cooperation_sought: str, about_us: str, due: date) -> None:
    errors = {}
    if not cooperation_sought.strip():
        errors["cooperation_sought"] = _("Say which cooperation you look for.")
    if not about_us.strip():
        errors["about_us"] = _("Say who you are.")
    today = timezone.localdate()
    if not today < due <= today + timedelta(days=LONGEST_DAYS):
        errors["answer_due"] = _("Choose a day from tomorrow on, within three months.")
    if errors:
        raise Invalid(_("Some answers are missing."), fields=errors)


def _locked(interest: Interest) -> Interest:
    rows = Interest.objects.select_for_update(of=("self",))
    return rows.select_related("listing__organisation", "listing__owner", "organisation", "sender").get(
        pk=interest.pk
    )


@transaction.atomic
def accept_interest(*, interest: Interest, by: User, answer: str = "") -> Interest:
    """Say yes: from now on both sides see each other's name and contact.

    Raises NotAllowed unless `by` belongs to the listing's owner, Conflict if already answered or while one of
    the two organisations is suspended: nobody's contact is handed to it meanwhile.
    """
    interest = _answer(interest, Interest.Status.ACCEPTED, by, answer)
    if policies.is_barred(interest.listing):
        raise Conflict(_("Your organisation is suspended. It can accept interests once that is settled."))
    if interest.organisation.status == Organisation.Status.SUSPENDED:
        raise Conflict(_("This organisation cannot be contacted just now. You can decline, or wait."))
    interest.save()
    audit.record(actor=by, action="exchange.interest_accepted", obj=interest)
    news.tell_sender(interest, "exchange.interest_accepted", key=f"accepted:{interest.pk}")
    return interest


@transaction.atomic
def decline_interest(*, interest: Interest, reason: str, by: User, answer: str = "") -> Interest:
    """Say no with a reason, which the other side reads. Errors as for `accept_interest`."""
    if reason not in Interest.DeclineReason.values:
        raise Invalid(
            _("Choose a reason; the other side learns from it."), fields={"reason": _("Choose one.")}
        )
    interest = _answer(interest, Interest.Status.DECLINED, by, answer)
    interest.decline_reason = reason
    interest.save()
    audit.record(actor=by, action="exchange.interest_declined", obj=interest, data={"reason": reason})
    news.tell_sender(interest, "exchange.interest_declined", key=f"declined:{interest.pk}")
    return interest


def _answer(interest: Interest, status: str, by: User, answer: str) -> Interest:
    interest = _locked(interest)
    if not policies.may_answer_interest(by, interest):
        raise NotAllowed(_("Only the organisation behind the listing can answer."))
    if interest.status != Interest.Status.SENT:
        raise Conflict(_("This interest has already been answered, or is no longer open."))
    lifecycle.advance(INTEREST, interest, status)
    interest.answered_by, interest.answered_at = by, timezone.now()
    interest.answer = answer.strip()
    return interest


@transaction.atomic
def withdraw_interest(*, interest: Interest, by: User) -> Interest:
    """Take an unanswered interest back."""
    interest = _locked(interest)
    if not policies.may_withdraw_interest(by, interest):
        raise NotAllowed(_("Only the organisation that sent it can take it back."))
    lifecycle.advance(INTEREST, interest, Interest.Status.WITHDRAWN)
    interest.save(update_fields=["status", "updated_at"])
    audit.record(actor=by, action="exchange.interest_withdrawn", obj=interest)
    return interest


@transaction.atomic
def mark_in_contact(*, interest: Interest, by: User) -> Interest:
    """Say that the two talk to each other; either side may."""
    interest = _of_a_side(interest, by)
    lifecycle.advance(INTEREST, interest, Interest.Status.IN_CONTACT)
    interest.save(update_fields=["status", "updated_at"])
    audit.record(actor=by, action="exchange.interest_in_contact", obj=interest)
    return interest


@transaction.atomic
def stop_interest(*, interest: Interest, note: str, by: User) -> Interest:
    """End an accepted interest with a word why; either side may, and the other is told."""
    interest = _of_a_side(interest, by)
    if not note.strip():
        raise Invalid(_("Say why it ends."), fields={"note": _("Say why it ends.")})
    lifecycle.advance(INTEREST, interest, Interest.Status.STOPPED)
    interest.stop_note = note.strip()
    interest.save(update_fields=["status", "stop_note", "updated_at"])
    audit.record(actor=by, action="exchange.interest_stopped", obj=interest)
    tell = news.tell_sender if policies.may_answer_interest(by, interest) else news.tell_recipient
    tell(interest, "exchange.interest_stopped", key=f"stopped:{interest.pk}")
    return interest


@transaction.atomic
def lead_on(*, interest: Interest, by: User) -> Interest:
    """Say that a cooperation case came of it. Called when the case is opened; saying it twice changes nothing."""
    interest = _of_a_side(interest, by)
    if interest.status == Interest.Status.LED_ON:
        return interest
    lifecycle.advance(INTEREST, interest, Interest.Status.LED_ON)
    interest.save(update_fields=["status", "updated_at"])
    audit.record(actor=by, action="exchange.interest_led_on", obj=interest)
    return interest


def _of_a_side(interest: Interest, by: User) -> Interest:
    interest = _locked(interest)
    if not policies.is_side_of(by, interest):
        raise NotAllowed(_("Only the two organisations can do this."))
    return interest


# --- jobs -------------------------------------------------------------------------------------------------
def expire_interests(*, today: date | None = None, limit: int = 1000) -> int:
    """Expire what was not answered by its date, one transaction each; both sides are told."""
    day = today or timezone.localdate()
    due = Interest.objects.filter(status=Interest.Status.SENT, answer_due__lt=day)
    return sum(_expire(pk, day) for pk in due.order_by("answer_due").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _expire(pk: UUID, day: date) -> int:
    rows = Interest.objects.select_for_update(of=("self",), skip_locked=True)
    interest = (
        rows.select_related("listing__organisation", "listing__owner", "organisation", "sender")
        .filter(pk=pk, status=Interest.Status.SENT, answer_due__lt=day)
        .first()
    )
    if interest is None:
        return 0
    lifecycle.advance(INTEREST, interest, Interest.Status.EXPIRED)
    interest.save(update_fields=["status", "updated_at"])
    audit.record(actor=None, action="exchange.interest_expired", obj=interest)
    news.tell_sender(interest, "exchange.interest_expired", key=f"expired:{interest.pk}")
    news.tell_recipient(interest, "exchange.interest_missed", key=f"missed:{interest.pk}")
    return 1
