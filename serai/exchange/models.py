"""The exchange: listings (offers and requests), their texts by tier, reviews, vectors, matches, interests."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import pgettext_lazy
from pgvector.django import HalfVectorField

from serai.core.models import LineField, Record
from serai.core.text import MultilingualText
from serai.core.tiers import Tier
from serai.directory.models import Organisation, Place


class Listing(Record):
    """One offer or request of any kind: one model, a direction and a kind. Texts stand in tables by tier."""

    class Direction(models.TextChoices):
        OFFER = "offer", pgettext_lazy("listing", "Offer")
        REQUEST = "request", pgettext_lazy("listing", "Request")

        @property
        def opposite(self) -> "Listing.Direction":
            """What it is matched with."""
            return Listing.Direction.REQUEST if self is Listing.Direction.OFFER else Listing.Direction.OFFER

    class Kind(models.TextChoices):
        TECHNOLOGY = "technology", pgettext_lazy("listing", "Technology")
        BUSINESS = "business", pgettext_lazy("listing", "Business")
        RESEARCH = "research", pgettext_lazy("listing", "Research and development")
        INVESTMENT = "investment", pgettext_lazy("listing", "Investment")
        TALENT = "talent", pgettext_lazy("listing", "Talent")
        SPACE = "space", pgettext_lazy("listing", "Space")
        EQUIPMENT = "equipment", pgettext_lazy("listing", "Equipment")
        SERVICE = "service", pgettext_lazy("listing", "Service")
        MARKET_INFORMATION = "market_information", pgettext_lazy("listing", "Market information")
        APPLICATION_SCENARIO = "application_scenario", pgettext_lazy("listing", "Application scenario")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("listing status", "Draft")
        IN_REVIEW = "in_review", pgettext_lazy("listing status", "In review")
        PUBLISHED = "published", pgettext_lazy("listing status", "Published")
        ON_HOLD = "on_hold", pgettext_lazy("listing status", "On hold")
        REJECTED = "rejected", pgettext_lazy("listing status", "Rejected")
        EXPIRED = "expired", pgettext_lazy("listing status", "Expired")
        WITHDRAWN = "withdrawn", pgettext_lazy("listing status", "Withdrawn")
        CLOSED = "closed", pgettext_lazy("listing status", "Closed with a result")

    class IpStatus(models.TextChoices):
        UNKNOWN = "unknown", pgettext_lazy("IP status", "Not stated")
        NONE = "none", pgettext_lazy("IP status", "No protection")
        SECRET = "secret", pgettext_lazy("IP status", "Secret know-how")
        COPYRIGHT = "copyright", pgettext_lazy("IP status", "Copyright")
        APPLIED = "applied", pgettext_lazy("IP status", "Patent applied for")
        GRANTED = "granted", pgettext_lazy("IP status", "Patent granted")
        OPEN = "open", pgettext_lazy("IP status", "Open licence")

    class Partnership(models.TextChoices):
        LICENCE = "licence", pgettext_lazy("partnership", "Licence")
        JOINT_VENTURE = "joint_venture", pgettext_lazy("partnership", "Joint venture")
        TECHNICAL = "technical", pgettext_lazy("partnership", "Technical cooperation")
        RESEARCH = "research", pgettext_lazy("partnership", "Research cooperation")
        MANUFACTURING = "manufacturing", pgettext_lazy("partnership", "Manufacturing")
        DISTRIBUTION = "distribution", pgettext_lazy("partnership", "Distribution")
        SERVICE = "service", pgettext_lazy("partnership", "Service")
        INVESTMENT = "investment", pgettext_lazy("partnership", "Investment")
        ACQUISITION = "acquisition", pgettext_lazy("partnership", "Acquisition")
        PILOT = "pilot", pgettext_lazy("partnership", "Pilot or test site")
        EXCHANGE = "exchange", pgettext_lazy("partnership", "Exchange of people")

    class Closing(models.TextChoices):
        FOUND_HERE = "found_here", pgettext_lazy("listing result", "A partner was found here")
        FOUND_ELSEWHERE = "found_elsewhere", pgettext_lazy("listing result", "A partner was found elsewhere")
        NO_PARTNER = "no_partner", pgettext_lazy("listing result", "No partner was found")
        NOT_NEEDED = "not_needed", pgettext_lazy("listing result", "It is no longer needed")

    class Matching(models.IntegerChoices):
        """What the matching job still owes a listing: its counterparts follow only what changed itself."""

        DONE = 0, pgettext_lazy("matching", "Matches are up to date")
        AGAIN = 1, pgettext_lazy("matching", "A counterpart changed")
        CHANGED = 2, pgettext_lazy("matching", "Its own text or conditions changed")

    class Disclosure(models.TextChoices):
        ANONYMOUS = "anonymous", pgettext_lazy("disclosure", "Anonymous: the owner is not named in public")
        NAMED = "named", pgettext_lazy("disclosure", "Named: the owner is shown with the evidence")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="listings")
    reference = models.CharField(max_length=24, unique=True)
    direction = models.CharField(max_length=7, choices=Direction.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    disclosure = models.CharField(max_length=9, choices=Disclosure.choices, default=Disclosure.NAMED)
    language = models.CharField(max_length=35)
    trl = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    ip_status = models.CharField(max_length=10, choices=IpStatus.choices, default=IpStatus.UNKNOWN)
    partnerships = ArrayField(
        models.CharField(max_length=13, choices=Partnership.choices), default=list, blank=True
    )
    partner_kinds = ArrayField(
        models.CharField(max_length=24, choices=Organisation.Kind.choices), default=list, blank=True
    )
    target_places = models.ManyToManyField(Place, blank=True, related_name="+")
    work_languages = ArrayField(models.CharField(max_length=35), default=list, blank=True)
    sectors = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    fields_of_science = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    sdgs = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    trl_min = models.PositiveSmallIntegerField(null=True, blank=True)
    trl_max = models.PositiveSmallIntegerField(null=True, blank=True)
    deadline = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    hold_reason = models.TextField(max_length=2000, blank=True)
    closed_as = models.CharField(max_length=15, choices=Closing.choices, blank=True)
    needs_encoding = models.BooleanField(default=True)
    matching = models.PositiveSmallIntegerField(choices=Matching.choices, default=Matching.CHANGED)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=40, blank=True)
    source_ref = models.CharField(max_length=200, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(trl__isnull=True) | models.Q(trl__range=(1, 9)), name="trl_is_1_to_9"
            ),
            models.CheckConstraint(
                condition=~models.Q(status="published")
                | (models.Q(published_at__isnull=False) & models.Q(expires_on__isnull=False)),
                name="published_listings_have_dates",
            ),
            models.UniqueConstraint(
                fields=["source", "source_ref"],
                condition=~models.Q(source_ref=""),
                name="one_listing_per_source_record",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="closed") | ~models.Q(closed_as=""),
                name="closed_listings_say_how",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-published_at", "id"]),
            models.Index(fields=["status", "direction", "kind", "-published_at"]),
            models.Index(fields=["organisation", "status"]),
            models.Index(fields=["status", "expires_on"]),
            GinIndex(fields=["sectors"], name="listing_sectors"),
            models.Index(fields=["updated_at"], name="listing_changed"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(status="published", needs_encoding=True),
                name="listing_to_encode",
            ),
            models.Index(
                fields=["-matching", "created_at"],
                condition=models.Q(status="published", matching__gt=0),
                name="listing_to_match",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class ReferenceCounter(models.Model):
    """The last number given out under a prefix such as PLTO20260105; one statement takes the next."""

    prefix = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.prefix} {self.last}"


class ListingTeaser(MultilingualText):
    """What everybody may read. Addresses found inside imported texts are taken out before they get here."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="teasers")
    title = LineField(max_length=300)
    summary = models.TextField(max_length=2000)
    keywords = ArrayField(models.CharField(max_length=80), default=list, blank=True)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["listing", "language"], name="one_teaser")]

    def __str__(self) -> str:
        return self.title


class ListingDetail(MultilingualText):
    """What verified members of the network may read."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="details")
    description = models.TextField(max_length=40_000, blank=True)
    advantages = models.TextField(max_length=8000, blank=True)
    requirements = models.TextField(max_length=8000, blank=True)
    ip_comment = models.CharField(max_length=500, blank=True)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["listing", "language"], name="one_detail")]

    def __str__(self) -> str:
        return self.language

    @property
    def is_empty(self) -> bool:
        """Saved as one went by, with nothing in it."""
        return not (self.description or self.advantages or self.requirements or self.ip_comment)


class ListingContact(Record):
    """Who to talk to: for both sides after both said yes."""

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, related_name="contact")
    name = LineField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    note = models.TextField(max_length=4000, blank=True)

    def __str__(self) -> str:
        return "contact"


class ListingSearch(models.Model):
    """Search words of one tier of one listing, made by PyICU in Python (words, CJK and Thai bigrams)."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="search_rows")
    tier = models.CharField(max_length=8, choices=Tier.choices)
    words = SearchVectorField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["listing", "tier"], name="one_search_row_per_tier")]
        indexes = [
            GinIndex(fields=["words"], condition=models.Q(tier="public"), name="listing_words_public"),
            GinIndex(fields=["words"], condition=models.Q(tier="network"), name="listing_words_network"),
        ]

    def __str__(self) -> str:
        return self.tier


class ListingVector(models.Model):
    """Raw vectors of one tier of one listing: centring is applied when an index is built, never stored here.

    A vector has the tier of its text and leaves by no interface. E5 384-d as passage and as query; USE 512-d
    where the language is one of its sixteen. Those of the sentences, which a search looks at for its best, are
    packed (`serai/exchange/sentences.py`).
    """

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="vectors")
    tier = models.CharField(max_length=8, choices=Tier.choices)
    language = models.CharField(max_length=35)
    text_hash = models.CharField(max_length=64)
    e5_passage = HalfVectorField(dimensions=384)
    e5_query = HalfVectorField(dimensions=384)
    use = HalfVectorField(dimensions=512, null=True)
    e5_sentences = models.BinaryField(null=True)
    use_sentences = models.BinaryField(null=True)
    tokens = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    model = models.CharField(max_length=120, blank=True)
    encoded_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["listing", "tier"], name="one_vector_row_per_tier")]
        # Whether anything waits to be encoded is asked every minute, of this index alone.
        indexes = [
            models.Index(
                fields=["listing"],
                condition=models.Q(tier="public", e5_sentences__isnull=False),
                name="vector_with_sentences",
            ),
        ]

    def __str__(self) -> str:
        return self.tier


class Match(Record):
    """One ranked counterpart of a listing, with its reasons, computed after publication. It advises; people decide."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="matches")
    other = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="+")
    tier = models.CharField(max_length=8, choices=Tier.choices)
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    reasons = models.JSONField(default=dict)
    index_version = models.CharField(max_length=40)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["listing", "tier", "other"], name="one_match_per_pair"),
        ]
        indexes = [models.Index(fields=["listing", "tier", "rank"])]

    def __str__(self) -> str:
        return f"{self.rank}"


class Review(Record):
    """A steward's review before publication: four criteria, 0 to 5 each; one zero blocks whatever the sum."""

    class Decision(models.TextChoices):
        PUBLISH = "publish", pgettext_lazy("review", "Publish")
        HOLD = "hold", pgettext_lazy("review", "Return for changes")
        REJECT = "reject", pgettext_lazy("review", "Reject")

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    advantages = models.PositiveSmallIntegerField(validators=[MaxValueValidator(5)])
    clarity = models.PositiveSmallIntegerField(validators=[MaxValueValidator(5)])
    expectations = models.PositiveSmallIntegerField(validators=[MaxValueValidator(5)])
    language_quality = models.PositiveSmallIntegerField(validators=[MaxValueValidator(5)])
    comment = models.TextField(max_length=2000, blank=True)
    decision = models.CharField(max_length=8, choices=Decision.choices)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(advantages__lte=5)
                & models.Q(clarity__lte=5)
                & models.Q(expectations__lte=5)
                & models.Q(language_quality__lte=5),
                name="review_scores_are_0_to_5",
            ),
            models.CheckConstraint(
                condition=~models.Q(decision="publish")
                | (
                    models.Q(advantages__gt=0)
                    & models.Q(clarity__gt=0)
                    & models.Q(expectations__gt=0)
                    & models.Q(language_quality__gt=0)
                ),
                name="a_zero_blocks_publication",
            ),
        ]

    def __str__(self) -> str:
        return self.decision


class Interest(Record):
    """An expression of interest in a listing: three questions answered, a date by which the other side answers."""

    class Status(models.TextChoices):
        SENT = "sent", pgettext_lazy("interest status", "Waiting for an answer")
        ACCEPTED = "accepted", pgettext_lazy("interest status", "Accepted")
        DECLINED = "declined", pgettext_lazy("interest status", "Declined")
        EXPIRED = "expired", pgettext_lazy("interest status", "Expired without an answer")
        WITHDRAWN = "withdrawn", pgettext_lazy("interest status", "Withdrawn")
        IN_CONTACT = "in_contact", pgettext_lazy("interest status", "In contact")
        LED_ON = "led_on", pgettext_lazy("interest status", "Became a cooperation case")
        STOPPED = "stopped", pgettext_lazy("interest status", "Stopped")

    class DeclineReason(models.TextChoices):
        NO_FIT = "no_fit", pgettext_lazy("decline reason", "Does not fit the need")
        REQUIREMENT = "requirement", pgettext_lazy("decline reason", "A requirement is not met")
        TAKEN = "taken", pgettext_lazy("decline reason", "Already with another partner")
        TIMING = "timing", pgettext_lazy("decline reason", "Not at this time")
        PLACE = "place", pgettext_lazy("decline reason", "Not in this country or region")
        OTHER = "other", pgettext_lazy("decline reason", "Another reason")

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="interests")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="interests_sent")
    own_listing = models.ForeignKey(
        Listing, null=True, blank=True, on_delete=models.SET_NULL, related_name="interests_shown"
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    language = models.CharField(max_length=35)
    cooperation_sought = models.TextField(max_length=3000)
    open_questions = models.TextField(max_length=3000, blank=True)
    about_us = models.TextField(max_length=3000)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SENT)
    answer_due = models.DateField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=12, choices=DeclineReason.choices, blank=True)
    answer = models.TextField(max_length=3000, blank=True)
    stop_note = models.TextField(max_length=3000, blank=True)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "organisation"],
                condition=models.Q(status__in=["sent", "accepted", "in_contact"]),
                name="one_open_interest_per_organisation",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="declined") | ~models.Q(decline_reason=""),
                name="a_no_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["listing", "status"]),
            models.Index(fields=["organisation", "status"]),
            models.Index(fields=["status", "answer_due"]),
        ]

    def __str__(self) -> str:
        return self.status
