"""What a contact becomes: cases, projects, joint facilities and results."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from serai.core.models import LineField, Record, StoredFile
from serai.core.text import MultilingualText
from serai.core.tiers import Tier
from serai.directory.models import Organisation, Place


class Case(Record):
    """A cooperation in the making, from lead to landed; its parties see it, its owner keeps it moving."""

    class Status(models.TextChoices):
        LEAD = "lead", pgettext_lazy("case status", "Lead")
        MATCHED = "matched", pgettext_lazy("case status", "In contact")
        NEGOTIATING = "negotiating", pgettext_lazy("case status", "Negotiating")
        SIGNED = "signed", pgettext_lazy("case status", "Signed")
        LANDED = "landed", pgettext_lazy("case status", "Landed")
        COMPLETED = "completed", pgettext_lazy("case status", "Completed")
        STALLED = "stalled", pgettext_lazy("case status", "Stalled")
        FAILED = "failed", pgettext_lazy("case status", "Ended without result")

    class Step(models.TextChoices):
        """Next steps that follow from what happened, named in the language of whoever reads them."""

        START = "start", gettext_lazy("Agree on what to do first")
        SIGN = "sign", gettext_lazy("Agree on the wording and sign")
        BEGIN = "begin", gettext_lazy("Begin the project")
        REPORT = "report", gettext_lazy("Report the first result")
        LOOK = "look", gettext_lazy("Look at the case again")

    title = LineField(max_length=300)
    language = models.CharField(max_length=35)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.LEAD)
    end_reason = models.CharField(max_length=500, blank=True)
    parties = models.ManyToManyField(Organisation, related_name="cases")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    next_step = LineField(max_length=300, blank=True)
    planned_step = models.CharField(max_length=6, choices=Step.choices, blank=True)
    due_on = models.DateField(null=True, blank=True)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        indexes = [models.Index(fields=["status", "due_on"])]

    def __str__(self) -> str:
        return self.title

    @property
    def step(self) -> str:
        """What happens next: as a person put it, else what follows from what happened, in the reader's language."""
        return self.next_step or str(self.get_planned_step_display())

    def plan(self, step: "Case.Step") -> None:
        """What follows takes the place of what was said before."""
        self.next_step, self.planned_step = "", step


class Facility(Record):
    """A joint laboratory, demonstration centre, overseas park or transfer centre: something lasting that was founded."""

    class Kind(models.TextChoices):
        JOINT_LABORATORY = "joint_laboratory", pgettext_lazy("facility", "Joint laboratory")
        DEMONSTRATION_CENTRE = "demonstration_centre", pgettext_lazy("facility", "Demonstration centre")
        OVERSEAS_PARK = "overseas_park", pgettext_lazy("facility", "Overseas park")
        TRANSFER_CENTRE = "transfer_centre", pgettext_lazy("facility", "Technology-transfer centre")

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("facility status", "Proposed")
        FEASIBILITY = "feasibility", pgettext_lazy("facility status", "Feasibility study")
        APPROVED = "approved", pgettext_lazy("facility status", "Approved")
        CONSTRUCTION = "construction", pgettext_lazy("facility status", "Under construction")
        OPERATING = "operating", pgettext_lazy("facility status", "Operating")
        IN_EVALUATION = "in_evaluation", pgettext_lazy("facility status", "In evaluation")
        CLOSED = "closed", pgettext_lazy("facility status", "Closed")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.PROPOSED)
    field = models.CharField(max_length=10, blank=True)
    place = models.ForeignKey(Place, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    region_served = models.ManyToManyField(Place, blank=True, related_name="+")
    hosts = models.ManyToManyField(Organisation, related_name="facilities")
    tier = models.CharField(max_length=8, choices=Tier.choices, default=Tier.PUBLIC)
    founded_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status__in=["operating", "in_evaluation"])
                | models.Q(founded_on__isnull=False),
                name="operating_facilities_have_a_founding_date",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="closed") | models.Q(closed_on__isnull=False),
                name="closed_facilities_have_a_date",
            ),
        ]
        indexes = [models.Index(fields=["kind", "tier", "status"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class FacilityText(MultilingualText):
    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, related_name="texts")
    name = LineField(max_length=300)
    agenda = models.TextField(max_length=4000, blank=True)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["facility", "language"], name="one_facility_text")]

    def __str__(self) -> str:
        return self.name


class Project(Record):
    """A cooperation project: who brings what, who gets what, where it lands."""

    class Status(models.TextChoices):
        NEGOTIATING = "negotiating", pgettext_lazy("project status", "Negotiating")
        SIGNED = "signed", pgettext_lazy("project status", "Signed")
        LANDED = "landed", pgettext_lazy("project status", "Landed")
        OPERATING = "operating", pgettext_lazy("project status", "Operating")
        COMPLETED = "completed", pgettext_lazy("project status", "Completed")
        STALLED = "stalled", pgettext_lazy("project status", "Stalled")
        FAILED = "failed", pgettext_lazy("project status", "Failed")

    status = models.CharField(max_length=11, choices=Status.choices, default=Status.NEGOTIATING)
    field = models.CharField(max_length=10, blank=True)
    sdgs = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    trl_start = models.PositiveSmallIntegerField(null=True, blank=True)
    trl_end = models.PositiveSmallIntegerField(null=True, blank=True)
    landing_place = models.ForeignKey(
        Place, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    tier = models.CharField(max_length=8, choices=Tier.choices, default=Tier.MUTUAL)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    landed_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status__in=["landed", "operating", "completed"])
                | models.Q(landed_on__isnull=False),
                name="landed_projects_have_a_date",
            )
        ]
        indexes = [models.Index(fields=["tier", "status", "-landed_on"])]

    def __str__(self) -> str:
        return self.status


class ProjectText(MultilingualText):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="texts")
    title = LineField(max_length=300)
    summary = models.TextField(max_length=4000, blank=True)

    class Meta(MultilingualText.Meta):
        constraints = [models.UniqueConstraint(fields=["project", "language"], name="one_project_text")]

    def __str__(self) -> str:
        return self.title


class ProjectParty(Record):
    """An organisation in a project: its sector, what it brings and its share of the benefit (per cent)."""

    class Sector(models.TextChoices):
        GOVERNMENT = "government", pgettext_lazy("sector", "Government")
        INDUSTRY = "industry", pgettext_lazy("sector", "Industry")
        UNIVERSITY = "university", pgettext_lazy("sector", "University")
        RESEARCH = "research", pgettext_lazy("sector", "Research")
        FINANCE = "finance", pgettext_lazy("sector", "Finance")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="parties")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="projects")
    sector = models.CharField(max_length=10, choices=Sector.choices)
    brings = models.CharField(max_length=500, blank=True)
    benefit_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["project", "organisation"], name="one_project_party_once"),
            models.CheckConstraint(
                condition=models.Q(benefit_percent__isnull=True) | models.Q(benefit_percent__range=(0, 100)),
                name="benefit_is_a_percentage",
            ),
        ]

    def __str__(self) -> str:
        return self.sector


class Result(Record):
    """What came of a project or facility, with the evidence. Counted once somebody validated it."""

    class Kind(models.TextChoices):
        PUBLICATION = "publication", pgettext_lazy("result", "Publication")
        PATENT = "patent", pgettext_lazy("result", "Patent")
        LICENCE = "licence", pgettext_lazy("result", "Licence")
        PRODUCT = "product", pgettext_lazy("result", "New product or service")
        PILOT = "pilot", pgettext_lazy("result", "Pilot in use")
        FIRM = "firm", pgettext_lazy("result", "Firm founded or landed")
        JOBS = "jobs", pgettext_lazy("result", "Jobs created")
        INVESTMENT = "investment", pgettext_lazy("result", "Investment raised")
        TRAINING = "training", pgettext_lazy("result", "People trained")

    class Status(models.TextChoices):
        REPORTED = "reported", pgettext_lazy("result status", "Reported")
        VALIDATED = "validated", pgettext_lazy("result status", "Validated")
        REFUSED = "refused", pgettext_lazy("result status", "Not accepted")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REPORTED)
    title = LineField(max_length=300)
    language = models.CharField(max_length=35)
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="results"
    )
    facility = models.ForeignKey(
        Facility, null=True, blank=True, on_delete=models.PROTECT, related_name="results"
    )
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    achieved_on = models.DateField()
    tier = models.CharField(max_length=8, choices=Tier.choices, default=Tier.PUBLIC)
    evidence_url = models.URLField(max_length=500, blank=True)
    evidence_file = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    validated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_on = models.DateField(null=True, blank=True)
    refusal_reason = models.CharField(max_length=500, blank=True)
    is_invented = models.BooleanField(default=False)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(project__isnull=False) | models.Q(facility__isnull=False),
                name="a_result_comes_of_something",
            ),
            models.CheckConstraint(
                condition=~models.Q(evidence_url="") | models.Q(evidence_file__isnull=False),
                name="a_result_has_evidence",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="validated") | models.Q(decided_on__isnull=False),
                name="validated_results_have_a_date",
            ),
            # Two pairs of eyes: whoever reports a result does not validate it.
            models.CheckConstraint(
                condition=models.Q(validated_by__isnull=True)
                | models.Q(reported_by__isnull=True)
                | ~models.Q(validated_by=models.F("reported_by")),
                name="nobody_validates_their_own_result",
            ),
        ]
        indexes = [models.Index(fields=["tier", "status", "-achieved_on"])]

    def __str__(self) -> str:
        return self.title


class Opening(Record):
    """The wish that everybody may know of a record the parties kept to themselves. With the consent of every party
    the record becomes public; one that declines ends the wish."""

    class Kind(models.TextChoices):
        AGREEMENT = "agreement", pgettext_lazy("kind", "Agreement")
        PROJECT = "project", pgettext_lazy("kind", "Project")
        FACILITY = "facility", pgettext_lazy("kind", "Joint facility")

    class Status(models.TextChoices):
        ASKED = "asked", pgettext_lazy("opening", "Asked")
        AGREED = "agreed", pgettext_lazy("opening", "Agreed")
        DECLINED = "declined", pgettext_lazy("opening", "Declined")

    kind = models.CharField(max_length=9, choices=Kind.choices)
    record_id = models.UUIDField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    parties = models.ManyToManyField(Organisation, through="OpeningParty", related_name="+")

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "record_id"],
                condition=models.Q(status="asked"),
                name="one_open_wish_for_a_record",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class OpeningParty(Record):
    """A party that is asked, and the day on which it consented."""

    opening = models.ForeignKey(Opening, on_delete=models.CASCADE, related_name="asked")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consented_on = models.DateField(null=True, blank=True)
    consented_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["opening", "organisation"], name="one_party_is_asked_once")
        ]

    def __str__(self) -> str:
        return str(self.organisation)
