"""What this app registers with `core`: kinds, places in the navigation, duties, notices."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.accounts import notices
from serai.accounts import policies as accounts
from serai.accounts.models import Membership
from serai.core import context, duties, kinds, lifecycle, policy
from serai.core.viewer import Viewer
from serai.directory import importers, places, policies  # noqa: F401  (importers register themselves)
from serai.directory.lifecycle import ORGANISATION  # noqa: F401  (registers the table)
from serai.directory.models import Label, Organisation

LABEL_WARNING_DAYS = 60
"""A label's end is announced to the managers this long before."""


def _card(organisation: Organisation) -> kinds.Card:
    return kinds.Card(
        kind="organisation",
        id=organisation.pk,
        title=organisation.name,
        url=reverse("organisation_detail", args=[organisation.pk]),
        language=organisation.name_language,
        status=organisation.get_status_display(),
        tone=lifecycle.tone_of(organisation),
        detail=places.place_name(organisation.country) if organisation.country else "",
    )


def _with_country(organisations: QuerySet[Organisation]) -> QuerySet[Organisation]:
    return organisations.select_related("country")


kinds.register(
    kinds.Kind(
        name="organisation",
        label=pgettext_lazy("kind", "Organisation"),
        plural=pgettext_lazy("kind", "Organisations"),
        model=Organisation,
        visible=policies.visible_organisations,
        card=_card,
        prefetch=_with_country,
        stage=0,
        icon="building",
    )
)

context.register_place(
    context.Place(
        name="network",
        label=pgettext_lazy("navigation", "Network"),
        url_name="organisation_list",
        icon="diagram-3",
        order=70,
        gate=policy.anyone,
    )
)

_MANAGES = _("You get this letter because you manage this organisation.")
notices.declare(
    "directory.organisation_verified",
    _("{organisation} is verified."),
    icon="patch-check",
    otherwise=_(
        "Its people now read what the network keeps among its members, and publish and answer for it."
    ),
    because=_MANAGES,
)
notices.declare(
    "directory.organisation_returned",
    _("{organisation} was not verified yet: {reason}"),
    icon="arrow-counterclockwise",
    step=_("Correct and submit again"),
    otherwise=_("Until then it is a draft that others do not see."),
    because=_MANAGES,
)
notices.declare(
    "directory.organisation_suspended",
    _("{organisation} is suspended: {reason}"),
    icon="pause-circle",
    otherwise=_("While it is suspended, nothing is published or answered in its name."),
    because=_MANAGES,
)


@duties.source
def _verifications(viewer: Viewer) -> Iterable[duties.Duty]:
    """Stewards: organisations waiting for verification, those another steward has taken up left out."""
    waiting = policies.waiting_organisations(viewer).filter(Q(owner=None) | Q(owner_id=viewer.pk))
    many = duties.Many(_("Verify the organisations"), reverse("verification_list"))
    for organisation in _with_country(waiting).order_by("due_on", "pk")[: duties.MOST]:
        yield _duty(organisation, _("Verify"), organisation.due_on, route="verification", many=many)


@duties.source
def _own_organisations(viewer: Viewer) -> Iterable[duties.Duty]:
    """Managers: entries that are drafts, with the stewards' reason if they came back, and labels running out."""
    if not viewer.is_authenticated:
        return
    managed = accounts.organisation_ids(viewer, Membership.Role.MANAGER)
    drafts = Organisation.objects.filter(pk__in=managed, status="draft").order_by("created_at")
    for organisation in _with_country(drafts)[:20]:
        what = _("Correct and submit again") if organisation.status_note else _("Complete and submit")
        yield _duty(organisation, what, None)
    today = timezone.localdate()
    ending = Label.objects.filter(
        organisation_id__in=managed,
        valid_until__range=(today, today + timedelta(days=LABEL_WARNING_DAYS)),
    )
    for label in ending.select_related("organisation").order_by("valid_until", "pk")[:30]:
        yield duties.Duty(
            what=_("Renew the label"),
            title=label.name,
            url=reverse("organisation_detail", args=[label.organisation_id]),
            due_on=label.valid_until,
            kind="organisation",
            title_language=label.language,
            about=[label.organisation.name],
        )


def _duty(
    organisation: Organisation,
    what: Any,
    due: date | None,
    *,
    route: str = "organisation_detail",
    many: duties.Many | None = None,
) -> duties.Duty:
    card = _card(organisation)
    url = reverse(route, args=[organisation.pk])
    return duties.Duty(
        what, card.title, url, due, card.kind, card.language, [card.detail] if card.detail else [], many
    )
