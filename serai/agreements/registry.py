"""What this app registers with `core`: the kind, its notices, what waits for a person."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.accounts import notices
from serai.agreements import (  # noqa: F401  (the export registers)
    exports,
    lifecycle,
    pages,
    policies,
    queries,
    shapes,
)
from serai.agreements.models import Agreement, Party
from serai.core import duties, kinds, policy
from serai.core.duties import Duty
from serai.core.viewer import Viewer
from serai.directory import sections
from serai.directory.models import Organisation


def _card(agreement: Agreement) -> kinds.Card:
    title, language = queries.title_of(agreement)
    return kinds.Card(
        kind="agreement",
        id=agreement.pk,
        title=title,
        url=reverse("agreement_detail", args=[agreement.pk]),
        language=language,
        status=str(agreement.get_status_display()),
        tone=lifecycle.AGREEMENT.tones[agreement.status],
        detail=str(agreement.get_kind_display()),
    )


AGREEMENT = kinds.register(
    kinds.Kind(
        name="agreement",
        label=pgettext_lazy("kind", "Agreement"),
        plural=pgettext_lazy("kind", "Agreements"),
        model=Agreement,
        visible=policies.visible_agreements,
        card=_card,
        prefetch=lambda agreements: agreements.prefetch_related("texts"),
        stage=5,
        icon="file-earmark-check",
    )
)

_OF_A_PARTY = _("You get this letter because you act for one of the parties.")
for _name, _sentence, _icon, _do, _otherwise in (
    (
        "drafted",
        _("An agreement was drafted with you: {title}"),
        "file-earmark-text",
        _("Read the draft"),
        _("Nothing is agreed yet: every party is asked before anything binds it."),
    ),
    ("consented", _("A party consents to the wording: {title}"), "hand-thumbs-up", "", ""),
    (
        "wording_changed",
        _("The wording or the terms have changed; please read them and consent again: {title}"),
        "arrow-repeat",
        _("Read the wording"),
        _("Without your consent to this version the agreement cannot be approved."),
    ),
    (
        "approved",
        _("An agreement is ready for your signature: {title}"),
        "pen",
        _("Open the agreement"),
        _("It binds nobody until every party has signed."),
    ),
    ("signed", _("All parties have signed: {title}"), "file-earmark-check", "", ""),
    (
        "renewal_due",
        _("An agreement ends soon; renew it or let it end: {title}"),
        "arrow-repeat",
        _("Renew the agreement or let it end"),
        _("If nobody does anything, it ends on its last day, or is prolonged where its terms say so."),
    ),
    ("renewed", _("An agreement was prolonged: {title}"), "arrow-repeat", "", ""),
    ("expired", _("An agreement has reached its end: {title}"), "hourglass-split", "", ""),
    ("terminated", _("An agreement was ended: {title}"), "x-circle", "", ""),
):
    notices.declare(
        f"agreements.{_name}",
        _sentence,
        icon=_icon,
        step=_do,
        by="due_on" if _do else "",
        otherwise=_otherwise,
        because=_OF_A_PARTY,
    )

_STEP = {
    Agreement.Status.DRAFT: _("Finish the draft"),
    Agreement.Status.UNDER_REVIEW: _("Finish the legal review"),
    Agreement.Status.NEGOTIATION: _("Bring the negotiation to a close"),
    Agreement.Status.APPROVED: _("Collect the signatures"),
    Agreement.Status.SIGNED: _("Record the entry into force"),
    Agreement.Status.IN_FORCE: _("Look after the agreement"),
    Agreement.Status.RENEWAL_DUE: _("Renew the agreement or let it end"),
}


@duties.source
def _of_agreements(viewer: Viewer) -> Iterator[Duty]:
    if not viewer.is_authenticated:
        return
    for what, waiting, route in (
        (_("Consent to the wording, or say what to change"), queries.waiting_for_consent, "agreement_detail"),
        (_("Record your signature"), queries.waiting_for_signature, "agreement_sign"),
    ):
        parties = waiting(viewer).select_related("organisation", "place")
        agreements = Prefetch("agreement", queries.with_names(Agreement.objects.all()))
        for party in parties.prefetch_related(agreements).order_by("agreement__due_on", "id")[:15]:
            agreement = party.agreement
            where = [agreement.pk, party.pk] if route == "agreement_sign" else [agreement.pk]
            yield _duty(agreement, what, reverse(route, args=where), party)
    for agreement in queries.with_names(queries.kept_by(viewer)).order_by("due_on", "id")[:15]:
        url = reverse("agreement_detail", args=[agreement.pk])
        yield _duty(agreement, _STEP[Agreement.Status(agreement.status)], url)
    commitments = queries.open_commitments(viewer).prefetch_related("agreement__texts")
    for commitment in commitments.order_by("due_on", "id")[:20]:
        url = reverse("agreement_detail", args=[commitment.agreement_id]) + "#commitments"
        yield Duty(
            what=_("Keep a commitment"),
            title=commitment.text,
            url=url,
            due_on=commitment.due_on,
            kind="agreement",
            title_language=commitment.language,
            about=[queries.title_of(commitment.agreement)[0]],
        )


def _duty(agreement: Agreement, what: Any, url: str, party: Party | None = None) -> Duty:
    """Between whom the agreement is tells it from others; `party` is the one that is asked, and stands first."""
    others = [other for other in agreement.parties.all() if other != party]
    names = [shapes.party_name(each) for each in [*([party] if party else []), *others]]
    title, language = queries.title_of(agreement)
    return Duty(what, title, url, agreement.due_on, "agreement", language, names)


pages.register_room(pages.Room(pgettext_lazy("tab", "Agreements"), "agreement_list", 20, policy.anyone))


@sections.source
def _agreements_of(viewer: Viewer, organisation: Organisation) -> sections.Section | None:
    """What an organisation has agreed, as far as the viewer sees it, the newest signature first."""
    its_own = Party.objects.filter(organisation=organisation).values("agreement_id")
    found = queries.with_names(queries.register(viewer).filter(pk__in=its_own))
    return sections.of_kind(AGREEMENT, found, shapes.row)
