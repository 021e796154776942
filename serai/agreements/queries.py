"""Reads: agreements with what lists and pages show, in a constant number of queries."""

from collections.abc import Iterable
from datetime import date

from django.db.models import (
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce, ExtractYear
from django.utils import timezone

from serai.accounts.models import Membership, User
from serai.agreements import policies
from serai.agreements.models import Agreement, Commitment, Party
from serai.core.days import months_later
from serai.core.text import best_text
from serai.core.viewer import Viewer

S = Agreement.Status


def with_names(agreements: QuerySet[Agreement]) -> QuerySet[Agreement]:
    """Titles and parties, for cards and rows."""
    parties = Party.objects.select_related("organisation__country", "place").order_by("created_at", "id")
    return agreements.select_related("owner").prefetch_related("texts", Prefetch("parties", parties))


def title_of(agreement: Agreement) -> tuple[str, str]:
    """(title, its language) in the reader's language where there is one."""
    text = best_text(agreement.texts.all())
    return (text.title, text.language) if text else (str(agreement.get_kind_display()), "")


ENDS_WITHIN = (3, 6, 12, 24)
"""Months for which the register offers to show what ends."""


def register(
    viewer: Viewer,
    *,
    kind: str = "",
    status: str = "",
    country: str = "",
    field: str = "",
    year: str = "",
    ends: str = "",
    whose: str = "",
) -> QuerySet[Agreement]:
    """The register of agreements the viewer sees, newest signature first; each argument narrows it.

    `ends` is a number of months: what is in force and ends within them, the next end first. `whose` "ours" keeps
    the agreements of the viewer's own organisations.
    """
    agreements = policies.visible_agreements(viewer)
    if kind:
        agreements = agreements.filter(kind=kind)
    if status:
        agreements = agreements.filter(status=status)
    if field:
        agreements = agreements.filter(fields_of_science__contains=[field])
    if is_year(year):
        agreements = agreements.filter(signed_on__year=int(year))
    if country:
        agreements = agreements.filter(Exists(_parties_of(country)))
    if whose == "ours":
        agreements = agreements.filter(pk__in=policies.own_parties(viewer).values("agreement_id"))
    if ends.isascii() and ends.isdigit() and 0 < int(ends[:4]) <= 1200:
        return ending(agreements, int(ends)).order_by("ends_on", "id")
    return agreements.order_by(F("signed_on").desc(nulls_first=True), "id")


def ending(agreements: QuerySet[Agreement], months: int) -> QuerySet[Agreement]:
    """Those in force whose end lies within so many months of today."""
    last = months_later(timezone.localdate(), months)
    return agreements.filter(status__in=[S.IN_FORCE, S.RENEWAL_DUE], ends_on__lte=last)


def is_year(text: str) -> bool:
    """Whether the text is a year the calendar has."""
    return text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 9999


def _parties_of(country: str) -> QuerySet[Party]:
    mine = Q(place__code=country) | Q(place__isnull=True, organisation__country__code=country)
    return Party.objects.filter(mine, agreement=OuterRef("pk"))


def countries_of(viewer: Viewer) -> list[tuple[str, int]]:
    """(country code, number of agreements) of the register, most first."""
    parties = Party.objects.filter(agreement__in=policies.visible_agreements(viewer))
    code = Coalesce("place__code", "organisation__country__code")
    counted = parties.annotate(code=code).filter(code__isnull=False).values("code")
    return list(
        counted.annotate(n=Count("agreement_id", distinct=True))
        .order_by("-n", "code")
        .values_list("code", "n")
    )


def years_of(viewer: Viewer) -> list[int]:
    signed = policies.visible_agreements(viewer).filter(signed_on__isnull=False)
    years = signed.annotate(year=ExtractYear("signed_on")).order_by("-year").values_list("year", flat=True)
    return list(years.distinct())


def people_of(parties: Iterable[Party]) -> QuerySet[User]:
    """The people who act for these parties."""
    organisations = [party.organisation_id for party in parties if party.organisation_id]
    return User.objects.filter(
        memberships__organisation_id__in=organisations,
        memberships__role__in=policies.ACTS_FOR_ORGANISATION,
        memberships__status=Membership.Status.ACTIVE,
        is_active=True,
    ).distinct()


def waiting_for_signature(viewer: Viewer) -> QuerySet[Party]:
    """Parties the viewer signs for, of agreements that are approved and not yet signed by them."""
    mine = policies.own_parties(viewer, *policies.ACTS_FOR_ORGANISATION)
    return mine.filter(signed_on__isnull=True, agreement__status=S.APPROVED)


def own_agreements(viewer: Viewer) -> QuerySet[Agreement]:
    """Agreements of the organisations the viewer acts for, the newest first, with what a choice shows of them."""
    mine = policies.own_parties(viewer, *policies.ACTS_FOR_ORGANISATION)
    own = Agreement.objects.filter(pk__in=mine.values("agreement_id"))
    return own.prefetch_related("texts").order_by(F("signed_on").desc(nulls_first=True), "pk")


def awaiting_consent(agreement: Agreement) -> QuerySet[Party]:
    """The parties that have not consented to the wording as it stands."""
    return agreement.parties.exclude(consented_version=agreement.wording_version)


def waiting_for_consent(viewer: Viewer) -> QuerySet[Party]:
    """Parties the viewer acts for whose consent to a wording under negotiation is awaited."""
    mine = policies.own_parties(viewer, *policies.ACTS_FOR_ORGANISATION)
    asked = mine.filter(agreement__status=S.NEGOTIATION, agreement__wording_version__gt=0)
    return asked.exclude(consented_version=F("agreement__wording_version"))


def open_commitments(viewer: Viewer) -> QuerySet[Commitment]:
    """What the viewer's organisations still have to do under agreements that bind them."""
    mine = policies.own_parties(viewer, *policies.ACTS_FOR_ORGANISATION)
    return Commitment.objects.filter(
        party__in=mine,
        status=Commitment.Status.OPEN,
        agreement__status__in=[S.SIGNED, S.IN_FORCE, S.RENEWAL_DUE],
    )


def kept_by(viewer: Viewer) -> QuerySet[Agreement]:
    """Agreements that wait for their owner."""
    return Agreement.objects.filter(owner_id=viewer.pk, due_on__isnull=False).exclude(
        status__in=[S.EXPIRED, S.TERMINATED]
    )


def due_for_renewal(today: date) -> QuerySet[Agreement]:
    """In force, and the period of notice before the end has begun. `notice_days` differs from row to row."""
    notice_ends = ExpressionWrapper(
        Value(today, output_field=DateField()) + F("notice_days"), output_field=DateField()
    )
    in_force = Agreement.objects.filter(status=S.IN_FORCE, ends_on__lte=notice_ends)
    return in_force.exclude(renewal=Agreement.Renewal.NONE)


def past_their_end(today: date) -> QuerySet[Agreement]:
    return Agreement.objects.filter(status__in=[S.IN_FORCE, S.RENEWAL_DUE], ends_on__lt=today)
