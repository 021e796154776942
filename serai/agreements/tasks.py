"""The daily job that keeps terms: notice of renewals, expiry."""

from django.utils import timezone
from procrastinate.contrib.django import app

from serai.agreements import actions


@app.periodic(cron="15 0 * * *")
@app.task(queueing_lock="agreements.keep_terms", pass_context=False)
def keep_terms(timestamp: int) -> None:
    """Ends first: what is over needs no notice of renewal."""
    today = timezone.localdate()
    actions.end_past_agreements(today=today)
    actions.mark_renewals_due(today=today)
