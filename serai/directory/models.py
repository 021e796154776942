"""Organisations of every kind, the places they are in, how they relate, what vouches for them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Left
from django.utils.translation import pgettext_lazy

from serai.core.models import LineField, Record
from serai.core.text import MultilingualText


class SearchKey(models.Func):
    """A name as it is sorted and searched: lower case, without accents, every other script spelt in ASCII.

    `directory_search_key` is written in the first migration. Every letter beyond ASCII becomes `~` and its code
    point in five hexadecimal digits, so that trigram indexes work for every script under every database locale
    (under the locale C, pg_trgm sees no letters but ASCII), and names sort by script.
    """

    function = "directory_search_key"
    output_field = models.TextField()


class Place(Record):
    """A country or region, city, or a grouping of countries (union, community). Groupings are actors' homes too.

    `code`: ISO 3166-1 alpha-2 for countries, ISO 3166-2 for subdivisions, our own `x-…` for groupings.
    Country names come from CLDR in every language; `names` holds those of other places.
    """

    class Kind(models.TextChoices):
        COUNTRY = "country", pgettext_lazy("place", "Country or region")
        SUBDIVISION = "subdivision", pgettext_lazy("place", "Subdivision")
        CITY = "city", pgettext_lazy("place", "City")
        GROUPING = "grouping", pgettext_lazy("place", "Union or grouping")

    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    names = models.JSONField(default=dict)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    members = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="groupings")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)

    def __str__(self) -> str:
        return self.code


class Organisation(Record):
    """Whoever takes part: one model for every kind of actor.

    `name` and `name_language` repeat the name to show first, so that lists of 100,000 need no join; the names
    themselves are in `OrganisationName`. `search_key` is what lists are sorted by, made by the database.
    `status_note` says in words why an organisation was returned or suspended, or how it ended.
    """

    class Kind(models.TextChoices):
        MINISTRY = "ministry", pgettext_lazy("organisation", "Ministry or agency")
        COMMISSION = "commission", pgettext_lazy("organisation", "Science and technology commission")
        SCIENCE_PARK = "science_park", pgettext_lazy("organisation", "Science park")
        OVERSEAS_PARK = "overseas_park", pgettext_lazy("organisation", "Overseas park")
        INCUBATOR = "incubator", pgettext_lazy("organisation", "Incubator")
        ACCELERATOR = "accelerator", pgettext_lazy("organisation", "Accelerator")
        CO_CREATION_SPACE = "co_creation_space", pgettext_lazy("organisation", "Co-creation space")
        TRANSFER_CENTRE = "transfer_centre", pgettext_lazy("organisation", "Technology-transfer centre")
        UNIVERSITY = "university", pgettext_lazy("organisation", "University")
        INSTITUTE = "institute", pgettext_lazy("organisation", "Research institute")
        JOINT_LABORATORY = "joint_laboratory", pgettext_lazy("organisation", "Joint laboratory")
        DEMONSTRATION_CENTRE = "demonstration_centre", pgettext_lazy("organisation", "Demonstration centre")
        START_UP = "start_up", pgettext_lazy("organisation", "Start-up")
        SME = "sme", pgettext_lazy("organisation", "Small or medium-sized firm")
        FIRM = "firm", pgettext_lazy("organisation", "Firm")
        LARGE_FIRM = "large_firm", pgettext_lazy("organisation", "Large firm")
        FOREIGN_RD_CENTRE = "foreign_rd_centre", pgettext_lazy("organisation", "Foreign R&D centre")
        INVESTOR = "investor", pgettext_lazy("organisation", "Investor or fund")
        INTERNATIONAL = "international", pgettext_lazy("organisation", "International organisation")
        HEALTHCARE = "healthcare", pgettext_lazy("organisation", "Health care provider")
        FACILITY = "facility", pgettext_lazy("organisation", "Research facility")
        FUNDER = "funder", pgettext_lazy("organisation", "Funder")
        ARCHIVE = "archive", pgettext_lazy("organisation", "Archive, library or museum")
        NONPROFIT = "nonprofit", pgettext_lazy("organisation", "Non-profit organisation")
        OTHER = "other", pgettext_lazy("organisation", "Other")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("organisation status", "Draft")
        SUBMITTED = "submitted", pgettext_lazy("organisation status", "Submitted")
        UNDER_VERIFICATION = "under_verification", pgettext_lazy("organisation status", "Under verification")
        LISTED = "listed", pgettext_lazy("organisation status", "Listed from an open register")
        VERIFIED = "verified", pgettext_lazy("organisation status", "Verified")
        SUSPENDED = "suspended", pgettext_lazy("organisation status", "Suspended")
        MERGED = "merged", pgettext_lazy("organisation status", "Merged")
        DISSOLVED = "dissolved", pgettext_lazy("organisation status", "Dissolved")
        WITHDRAWN = "withdrawn", pgettext_lazy("organisation status", "Withdrawn from its register")

    name = models.CharField(max_length=500)
    name_language = models.CharField(max_length=35, blank=True)
    kinds = ArrayField(models.CharField(max_length=24, choices=Kind.choices), default=list)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    country = models.ForeignKey(
        Place, null=True, blank=True, on_delete=models.PROTECT, related_name="organisations"
    )
    city = models.CharField(max_length=150, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    established = models.PositiveSmallIntegerField(null=True, blank=True)
    website = models.URLField(max_length=500, blank=True)
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    size_class = models.CharField(max_length=20, blank=True)
    sectors = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    fields_of_science = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    successor = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="predecessors"
    )
    source = models.CharField(max_length=40, blank=True)
    source_ref = models.CharField(max_length=200, blank=True)
    source_modified = models.CharField(max_length=40, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    is_invented = models.BooleanField(default=False)
    status_note = models.CharField(max_length=500, blank=True)
    search_key = models.GeneratedField(
        expression=Left(SearchKey("name"), 240),
        output_field=models.CharField(max_length=240),
        db_persist=True,
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_ref"],
                condition=~models.Q(source_ref=""),
                name="one_organisation_per_source_record",
            )
        ]
        indexes = [
            models.Index(fields=["search_key", "id"]),
            models.Index(fields=["country", "search_key", "id"]),
            models.Index(
                fields=["search_key", "id"],
                condition=models.Q(status="verified"),
                name="verified_organisations",
            ),
            # Holds all that the map counts by, so that the table itself is not read.
            models.Index(
                fields=["country", "status"], include=["source_ref"], name="organisations_by_country"
            ),
            models.Index(
                fields=["due_on"],
                condition=models.Q(status__in=["submitted", "under_verification"]),
                name="waiting_organisations",
            ),
            # Their listings are left out of every list and search.
            models.Index(
                fields=["id"], condition=models.Q(status="suspended"), name="suspended_organisations"
            ),
            GinIndex(fields=["kinds"], name="organisation_kinds"),
            GinIndex(OpClass("search_key", name="gin_trgm_ops"), name="organisation_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.name


class OrganisationName(Record):
    """One name of an organisation, in its language or in none (a register does not always say).

    `skeleton` is what the name looks like (`names.skeleton`), empty until it has been worked out: names from
    registers get it from the job `compare_names`.
    """

    class Kind(models.TextChoices):
        LEGAL = "legal", pgettext_lazy("name", "Legal name")
        LABEL = "label", pgettext_lazy("name", "Name")
        ALIAS = "alias", pgettext_lazy("name", "Also known as")
        ACRONYM = "acronym", pgettext_lazy("name", "Acronym")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="names")
    text = models.CharField(max_length=500)
    language = models.CharField(max_length=35, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    search_key = models.GeneratedField(
        expression=SearchKey("text"), output_field=models.TextField(), db_persist=True
    )
    skeleton = models.CharField(max_length=1500, blank=True, editable=False)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "text", "language", "kind"], name="one_organisation_name_once"
            )
        ]
        indexes = [
            GinIndex(OpClass("search_key", name="gin_trgm_ops"), name="organisationname_trgm"),
            models.Index(Left("skeleton", 200), name="organisationname_skeleton"),
            models.Index(fields=["id"], condition=models.Q(skeleton=""), name="organisationname_uncompared"),
        ]

    def __str__(self) -> str:
        return self.text


class OrganisationText(MultilingualText):
    """Public description of an organisation in one language."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="texts")
    summary = models.CharField(max_length=500, blank=True)
    description = models.TextField(max_length=8000, blank=True)

    class Meta(MultilingualText.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organisation", "language"], name="one_organisation_text")
        ]

    def __str__(self) -> str:
        return self.language


class Identifier(Record):
    """A (scheme, value) pair that stands for an organisation elsewhere. Check digits are verified on entry.

    `is_contested`: it stood already for an organisation that whoever entered it does not see. They are not told;
    the steward who verifies reads both (`queries.check_of`) and decides.
    """

    class Scheme(models.TextChoices):
        ROR = "ror", "ROR"
        LEI = "lei", "LEI"
        WIKIDATA = "wikidata", "Wikidata"
        ISNI = "isni", "ISNI"
        GRID = "grid", "GRID"
        FUNDREF = "fundref", "Crossref Funder"
        USCC = "uscc", pgettext_lazy("identifier", "Unified social credit code")
        VAT = "vat", pgettext_lazy("identifier", "VAT number")
        PIC = "pic", pgettext_lazy("identifier", "EU participant code")
        REGISTER = "register", pgettext_lazy("identifier", "National register")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="identifiers")
    scheme = models.CharField(max_length=10, choices=Scheme.choices)
    value = models.CharField(max_length=100)
    is_preferred = models.BooleanField(default=False)
    is_contested = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organisation", "scheme", "value"], name="one_identifier_once"),
            # Only schemes that name exactly one organisation; registers disagree about the others.
            models.UniqueConstraint(
                fields=["scheme", "value"],
                condition=models.Q(scheme__in=["ror", "lei", "uscc"], is_contested=False),
                name="one_organisation_per_identifier",
            ),
        ]
        indexes = [models.Index(fields=["scheme", "value"])]

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class Relation(Record):
    """A typed relation *source → target*: "source is a branch of target", "source is hosted by target"."""

    class Kind(models.TextChoices):
        PARENT = "parent", pgettext_lazy("relation", "is part of")
        BRANCH = "branch", pgettext_lazy("relation", "is a branch of")
        OFFSHORE_CARRIER = "offshore_carrier", pgettext_lazy("relation", "is an offshore carrier of")
        TWIN = "twin", pgettext_lazy("relation", "is twinned with")
        JOINT_VENTURE = "joint_venture", pgettext_lazy("relation", "is a joint venture of")
        MEMBER = "member", pgettext_lazy("relation", "is a member of")
        HOSTED_BY = "hosted_by", pgettext_lazy("relation", "is hosted by")
        CLUSTER = "cluster", pgettext_lazy("relation", "belongs to the cluster")
        SUCCESSOR = "successor", pgettext_lazy("relation", "succeeds")
        RELATED = "related", pgettext_lazy("relation", "is related to")

    source = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="relations_out")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    target = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="relations_in")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    stated_by = models.CharField(max_length=100, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "target"], name="one_relation_once"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="no_relation_to_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class PendingRelation(models.Model):
    """A relation a register states to a record that is not here yet; it becomes a `Relation` once it is.

    `target_ref` is the other record's identifier in the register named by `source_name`.
    """

    organisation_ref = models.CharField(max_length=200)
    source_name = models.CharField(max_length=40)
    kind = models.CharField(max_length=20, choices=Relation.Kind.choices)
    target_ref = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_name", "organisation_ref", "kind", "target_ref"],
                name="one_pending_relation_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation_ref} {self.kind} {self.target_ref}"


class Label(Record):
    """A level, accreditation or distinction: what, given by whom, when, until when."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="labels")
    name = LineField(max_length=200)
    language = models.CharField(max_length=35, default="en")
    issuer = LineField(max_length=200)
    issued_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_until__gte=models.F("issued_on")),
                name="label_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Verification(Record):
    """One criterion a steward checked, with what it rests on. The criteria are published and equal for all."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="verifications")
    criterion = models.CharField(max_length=40)
    is_met = models.BooleanField()
    evidence = models.CharField(max_length=500, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.criterion
