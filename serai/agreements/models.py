"""Agreements of every kind: parties, texts per tier and language, signatures, commitments, renewal."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from serai.core.models import LineField, Record
from serai.core.text import MultilingualText
from serai.core.tiers import Tier
from serai.directory.models import Organisation, Place


class Agreement(Record):
    """What parties promised each other. `tier` says who may know of it: public, the network, or the parties."""

    class Kind(models.TextChoices):
        INTERGOVERNMENTAL = "intergovernmental", pgettext_lazy("agreement", "Inter-governmental agreement")
        PROTOCOL = "protocol", pgettext_lazy("agreement", "Protocol")
        MOU = "mou", pgettext_lazy("agreement", "Memorandum of understanding")
        FRAMEWORK = "framework", pgettext_lazy("agreement", "Framework agreement")
        IMPLEMENTING = "implementing", pgettext_lazy("agreement", "Implementing agreement")
        JOINT_LABORATORY = "joint_laboratory", pgettext_lazy("agreement", "Joint-laboratory agreement")
        TWINNING = "twinning", pgettext_lazy("agreement", "Twinning agreement")
        COOPERATION = "cooperation", pgettext_lazy("agreement", "Cooperation agreement")
        NDA = "nda", pgettext_lazy("agreement", "Non-disclosure agreement")
        LICENCE = "licence", pgettext_lazy("agreement", "Licence")
        DATA = "data", pgettext_lazy("agreement", "Data agreement")

    class Level(models.TextChoices):
        NATIONAL = "national", pgettext_lazy("agreement level", "Between governments")
        REGIONAL = "regional", pgettext_lazy("agreement level", "Between regions or cities")
        INSTITUTIONAL = "institutional", pgettext_lazy("agreement level", "Between institutions")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("agreement status", "Draft")
        UNDER_REVIEW = "under_review", pgettext_lazy("agreement status", "Under legal review")
        NEGOTIATION = "negotiation", pgettext_lazy("agreement status", "In negotiation")
        APPROVED = "approved", pgettext_lazy("agreement status", "Approved")
        SIGNED = "signed", pgettext_lazy("agreement status", "Signed")
        IN_FORCE = "in_force", pgettext_lazy("agreement status", "In force")
        RENEWAL_DUE = "renewal_due", pgettext_lazy("agreement status", "Renewal due")
        EXPIRED = "expired", pgettext_lazy("agreement status", "Expired")
        TERMINATED = "terminated", pgettext_lazy("agreement status", "Terminated")

    class Renewal(models.TextChoices):
        NONE = "none", pgettext_lazy("renewal rule", "Ends at its term")
        TACIT = "tacit", pgettext_lazy("renewal rule", "Renewed unless ended")
        EXPLICIT = "explicit", pgettext_lazy("renewal rule", "Renewed by agreement of the parties")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    level = models.CharField(max_length=14, choices=Level.choices, default=Level.INSTITUTIONAL)
    is_binding = models.BooleanField(default=True)
    tier = models.CharField(max_length=8, choices=Tier.choices, default=Tier.MUTUAL)
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.DRAFT)
    fields_of_science = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    signed_on = models.DateField(null=True, blank=True)
    signed_at_place = LineField(max_length=150, blank=True)
    in_force_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    renewal = models.CharField(max_length=10, choices=Renewal.choices, default=Renewal.EXPLICIT)
    notice_days = models.PositiveSmallIntegerField(default=90)
    term_months = models.PositiveSmallIntegerField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    wording_version = models.PositiveIntegerField(default=0, editable=False)
    """Counted by the database (migration 0003): 0 until a wording is written; each change of it, of an authentic
    title or summary, or of the terms makes a new version, which every party has to consent to anew."""
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status__in=["signed", "in_force", "renewal_due"])
                | models.Q(signed_on__isnull=False),
                name="signed_agreements_have_a_date",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["in_force", "renewal_due"])
                | models.Q(in_force_on__isnull=False),
                name="agreements_in_force_have_a_date",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True)
                | models.Q(in_force_on__isnull=True)
                | models.Q(ends_on__gte=models.F("in_force_on")),
                name="agreement_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["expired", "terminated"]) | models.Q(ended_on__isnull=False),
                name="ended_agreements_have_a_date",
            ),
            models.CheckConstraint(
                condition=~models.Q(renewal="tacit")
                | models.Q(ends_on__isnull=True)
                | models.Q(term_months__gt=0),
                name="tacit_renewal_has_a_term",
            ),
        ]
        indexes = [models.Index(fields=["tier", "status", "-signed_on"]), models.Index(fields=["ends_on"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class AgreementText(MultilingualText):
    """Title and summary, of the agreement's own tier."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="texts")
    title = LineField(max_length=300)
    summary = models.TextField(max_length=3000, blank=True)
    is_authentic = models.BooleanField(default=False)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["agreement", "language"], name="one_agreement_text")]

    def __str__(self) -> str:
        return self.title


class AgreementBody(MultilingualText):
    """The full wording: for the parties only, whatever the tier of the agreement."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="bodies")
    body = models.TextField(max_length=200_000)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["agreement", "language"], name="one_agreement_body")]

    def __str__(self) -> str:
        return self.language


class Party(Record):
    """A party is an organisation, or a country or region itself where governments agree.

    Both together are an organisation (a ministry) that acts for the place. It consents to one version of the
    wording; a later version finds no consent.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="parties")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="agreement_parties"
    )
    place = models.ForeignKey(
        Place, null=True, blank=True, on_delete=models.PROTECT, related_name="agreement_parties"
    )
    signatory = LineField(max_length=150, blank=True)
    signatory_office = LineField(max_length=150, blank=True)
    signed_on = models.DateField(null=True, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    consented_version = models.PositiveIntegerField(null=True, blank=True)
    consented_on = models.DateField(null=True, blank=True)
    consented_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(consented_version__isnull=True, consented_on__isnull=True)
                | models.Q(consented_version__gt=0, consented_on__isnull=False),
                name="a_consent_has_a_version_and_a_date",
            ),
            models.CheckConstraint(
                condition=models.Q(organisation__isnull=False) | models.Q(place__isnull=False),
                name="a_party_is_somebody",
            ),
            models.UniqueConstraint(
                fields=["agreement", "organisation"],
                condition=models.Q(organisation__isnull=False),
                name="one_party_once",
            ),
            models.UniqueConstraint(
                fields=["agreement", "place"],
                condition=models.Q(organisation__isnull=True),
                name="one_place_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.organisation or self.place)


class Commitment(Record):
    """What one party will do, by when."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("commitment", "Open")
        DONE = "done", pgettext_lazy("commitment", "Done")
        DROPPED = "dropped", pgettext_lazy("commitment", "Dropped")

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="commitments")
    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="commitments")
    text = LineField(max_length=500)
    language = models.CharField(max_length=35)
    due_on = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    done_on = models.DateField(null=True, blank=True)
    drop_reason = models.CharField(max_length=300, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="done") | models.Q(done_on__isnull=False),
                name="done_commitments_have_a_date",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="dropped") | ~models.Q(drop_reason=""),
                name="dropped_commitments_have_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["status", "due_on"])]

    def __str__(self) -> str:
        return self.text
