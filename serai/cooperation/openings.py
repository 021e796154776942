"""What the wish to show a record registers with `core`: its notices, and the answer that is expected of a party."""

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from serai.accounts import notices
from serai.cooperation import policies, queries
from serai.cooperation.models import Opening
from serai.core import duties, kinds
from serai.core.duties import Duty
from serai.core.viewer import Viewer
from serai.core.words import on_day

notices.declare(
    "cooperation.opening_asked", _("You are asked whether everybody may know of it: {title}"), icon="eye"
)
notices.declare("cooperation.opening_agreed", _("Everybody may know of it now: {title}"), icon="eye")
notices.declare(
    "cooperation.opening_declined", _("A party declined to show it to everybody: {title}"), icon="eye-slash"
)


@duties.source
def _of_openings(viewer: Viewer) -> Iterator[Duty]:
    if not viewer.is_authenticated:
        return
    waiting = list(policies.openings_to_answer(viewer).order_by("created_at", "pk")[:10])
    for kind in Opening.Kind.values:
        ids = [opening.record_id for opening in waiting if opening.kind == kind]
        found = kinds.cards(viewer, kind, ids)
        for opening in waiting:
            card = found.get(opening.record_id) if opening.kind == kind else None
            if card is not None:
                asked_on = timezone.localtime(opening.created_at).date()
                due = asked_on + timedelta(days=queries.ANSWER_DAYS)
                url = reverse("opening_detail", args=[opening.pk])
                what = _("Say whether everybody may know of it")
                yield Duty(what, card.title, url, due, kind, card.language, [on_day(asked_on)])
