"""What stewards do: judge a listing before it is published, and take one off the lists."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit, chain, lifecycle
from serai.core.errors import Conflict, Invalid, NotAllowed
from serai.core.models import Link
from serai.core.text import Origin, ReviewState
from serai.exchange import news, policies
from serai.exchange.actions.listings import end_of_life
from serai.exchange.lifecycle import LISTING
from serai.exchange.models import Listing, Review

PUBLISH_FROM = 10
HOLD_FROM = 5


@dataclass(frozen=True)
class Scores:
    """The four criteria of a review, 0 to 5 each."""

    advantages: int
    clarity: int
    expectations: int
    language_quality: int

    def each(self) -> dict[str, int]:
        return {
            "advantages": self.advantages,
            "clarity": self.clarity,
            "expectations": self.expectations,
            "language_quality": self.language_quality,
        }

    @property
    def total(self) -> int:
        return sum(self.each().values())


def verdict(scores: Scores) -> str:
    """The decision the scores lead to: 10 and no zero publish, 5 to 9 hold, less rejects.

    Source: Enterprise Europe Network, external review of partnership profiles: sums of 10 to 20 are
    published, 5 to 9 put on hold, 0 to 4 rejected; a single zero blocks whatever the sum.
    """
    if scores.total < HOLD_FROM:
        return Review.Decision.REJECT
    if scores.total < PUBLISH_FROM or 0 in scores.each().values():
        return Review.Decision.HOLD
    return Review.Decision.PUBLISH


_STATUS = {
    Review.Decision.PUBLISH: Listing.Status.PUBLISHED,
    Review.Decision.HOLD: Listing.Status.ON_HOLD,
    Review.Decision.REJECT: Listing.Status.REJECTED,
}


@transaction.atomic
def review_listing(*, listing: Listing, scores: Scores, by: User, comment: str = "") -> Review:
    """Judge a listing in review; the scores decide, and the owner reads them with the comment.

    Raises NotAllowed for anybody but a steward of another organisation, Conflict when it is not in review,
    Invalid for scores out of range or a return without a word why.
    """
    listing = (
        Listing.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=listing.pk)
    )
    if not policies.may_review_listing(by, listing):
        raise NotAllowed(_("Only a steward of another organisation can review this."))
    if listing.status != Listing.Status.IN_REVIEW:
        raise Conflict(_("This listing is not in review."))
    wrong = {name: _("From 0 to 5.") for name, value in scores.each().items() if not 0 <= value <= 5}
    if wrong:
        raise Invalid(_("Each score goes from 0 to 5."), fields=wrong)
    decision = verdict(scores)
    if decision != Review.Decision.PUBLISH and not comment.strip():
        raise Invalid(_("Say what must change."), fields={"comment": _("Say what must change.")})
    review = Review.objects.create(
        listing=listing, reviewer=by, decision=decision, comment=comment.strip(), **scores.each()
    )
    lifecycle.advance(LISTING, listing, _STATUS[Review.Decision(decision)])
    listing.due_on = None
    if decision == Review.Decision.PUBLISH:
        _publish(listing, by)
    listing.save()
    audit.record(
        actor=by,
        action=f"exchange.listing_{listing.status}",
        obj=listing,
        data={"review": str(review.pk), "total": scores.total, **scores.each()},
    )
    news.tell_owner(listing, f"exchange.listing_{listing.status}", key=f"review:{review.pk}")
    return review


def _publish(listing: Listing, by: User) -> None:
    """Set the dates, mark the read texts as reviewed, link the owner unless it stays unnamed."""
    listing.published_at = timezone.now()
    listing.expires_on = end_of_life(listing)
    listing.needs_encoding = True
    listing.matching = Listing.Matching.CHANGED
    for texts in (listing.teasers, listing.details):
        texts.exclude(origin=Origin.MACHINE).update(review=ReviewState.REVIEWED, reviewed_by=by)
    if listing.disclosure == Listing.Disclosure.NAMED:
        chain.link(source=listing.organisation, relation=Link.Relation.PUBLISHED, target=listing, by=by)
    news.encode_soon()


@transaction.atomic
def hold_listing(*, listing: Listing, reason: str, by: User) -> Listing:
    """Take a published listing off the lists until its owner has mended it."""
    listing = (
        Listing.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=listing.pk)
    )
    if not policies.may_review_listing(by, listing):
        raise NotAllowed(_("Only a steward of another organisation can do this."))
    if not reason.strip():
        raise Invalid(_("Say why."), fields={"reason": _("Say why.")})
    if listing.status != Listing.Status.PUBLISHED:
        raise Conflict(_("Only a published listing can be put on hold."))
    lifecycle.advance(LISTING, listing, Listing.Status.ON_HOLD)
    listing.hold_reason = reason.strip()
    listing.save(update_fields=["status", "hold_reason", "updated_at"])
    entry = audit.record(actor=by, action="exchange.listing_on_hold", obj=listing)
    news.tell_owner(listing, "exchange.listing_on_hold", key=f"hold:{entry.pk}")
    news.encode_soon()
    return listing
