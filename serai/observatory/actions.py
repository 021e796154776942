"""Freezing a release: the values of all indicators on one day, with the records behind them."""

from datetime import date

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.core import audit
from serai.core.errors import Invalid, NotAllowed
from serai.observatory import indicators, policies, queries
from serai.observatory.indicators import Indicator
from serai.observatory.models import Release, ReleasedValue

FIRST_YEAR = 1900


@transaction.atomic
def release_year(*, year: int, by: User | None = None, note: str = "") -> Release:
    """Freeze the figures of a year as they stand on its last day (of this year: today, provisional).

    A later release of the same year corrects the one before and says in `note` what changed. `by` is None
    when the operator runs the command. Raises NotAllowed unless `by` is of the secretariat, Invalid for a
    year to come or a correction without a note.
    """
    if by is not None and not policies.may_release(by):
        raise NotAllowed(_("Only the secretariat freezes a release."))
    today = timezone.localdate()
    if not FIRST_YEAR <= year <= today.year:
        raise Invalid(_("This year cannot be released."), fields={"year": _("Not a year that has begun.")})
    _one_release_at_a_time(year)
    before = Release.objects.filter(year=year).order_by("-version").first()
    if before and not note.strip():
        raise Invalid(_("Say what the correction changes."), fields={"note": _("Say what changes.")})
    as_of = min(date(year, 12, 31), today)
    release = Release.objects.create(
        year=year,
        version=before.version + 1 if before else 1,
        as_of=as_of,
        status=Release.Status.FINAL if as_of < today else Release.Status.PROVISIONAL,
        corrects=before,
        note=note.strip(),
        released_by=by,
    )
    ReleasedValue.objects.bulk_create(
        value for indicator in indicators.ALL for value in _values(release, indicator)
    )
    audit.record(
        actor=by,
        action="observatory.released",
        obj=release,
        data={"year": year, "version": release.version, "as_of": as_of},
    )
    return release


def _one_release_at_a_time(year: int) -> None:
    """Two at once would take the same version; the second waits for the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('observatory.release'), %s)", [year])


def _values(release: Release, indicator: Indicator) -> list[ReleasedValue]:
    total = ReleasedValue(
        release=release, indicator=indicator.code, value=queries.value(indicator, release.as_of)
    )
    if indicator.is_open:
        ids = queries.records(indicator, release.as_of, {}).values_list("pk", flat=True)
        total.records = [str(pk) for pk in ids]
    cells = [
        ReleasedValue(
            release=release,
            indicator=indicator.code,
            dimension=dimension,
            member=cell.member,
            value=cell.value,
        )
        for dimension in indicator.breakdowns()
        for cell in queries.parts(indicator, dimension, release.as_of)
    ]
    for value in (total, *cells):
        value.is_suppressed = value.value is None
    return [total, *cells]
