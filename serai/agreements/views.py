"""The register of agreements: list, one agreement, and the forms that change it."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from serai.agreements import actions, exports, lifecycle, policies, queries, shapes
from serai.agreements import forms as own
from serai.agreements.actions.common import OPEN
from serai.agreements.fields import Field
from serai.agreements.models import Agreement, Commitment, Party
from serai.agreements.pages import ActionForm, chosen, do, leads_on, page, tabs, user_of, window
from serai.core import chain, policy, ui
from serai.core.api import capped_count
from serai.core.errors import NotAllowed
from serai.core.exports import FORMATS, respond
from serai.core.text import best_text, listed
from serai.core.viewer import Viewer, viewer_of
from serai.directory.places import country_name

S = Agreement.Status
NEXT_MONTHS = 12
"""What ends within a year is pointed out above the register."""

HISTORY: dict[str, object] = {
    "agreements.drafted": gettext_lazy("drafted the agreement"),
    "agreements.terms_changed": gettext_lazy("changed the terms"),
    "agreements.text_written": gettext_lazy("wrote title and summary"),
    "agreements.body_written": gettext_lazy("wrote the wording"),
    "agreements.consented": gettext_lazy("consented to the wording"),
    "agreements.consent_withdrawn": gettext_lazy("withdrew the consent to the wording"),
    "agreements.moved": gettext_lazy("took the next step"),
    "agreements.signature_recorded": gettext_lazy("recorded a signature"),
    "agreements.entered_into_force": gettext_lazy("recorded the entry into force"),
    "agreements.renewal_due": gettext_lazy("The period of notice began"),
    "agreements.renewed": gettext_lazy("prolonged the agreement"),
    "agreements.renewed*": gettext_lazy("The agreement renewed itself"),
    "agreements.expired": gettext_lazy("The agreement reached its end"),
    "agreements.terminated": gettext_lazy("ended the agreement"),
    "agreements.made_public": gettext_lazy("made it public, with the consent of every party"),
    "agreements.commitment_added": gettext_lazy("added a commitment"),
    "agreements.commitment_done": gettext_lazy("kept a commitment"),
    "agreements.commitment_dropped": gettext_lazy("dropped a commitment"),
}
STEPS = {
    S.DRAFT: gettext_lazy("Back to the draft"),
    S.UNDER_REVIEW: gettext_lazy("To legal review"),
    S.NEGOTIATION: gettext_lazy("Into negotiation"),
    S.APPROVED: gettext_lazy("Approve for signature"),
}


# --- list -------------------------------------------------------------------------------------------------
@require_GET
@policy.route("agreements.agreement.see")
def agreement_list(request: HttpRequest) -> HttpResponseBase:
    viewer = viewer_of(request)
    narrowed = chosen(request, "kind", "status", "country", "field", "year", "ends", "whose")
    found = queries.register(viewer, **narrowed)
    form = request.GET.get("format", "")
    if form in FORMATS:
        rows = queries.with_names(found).iterator(chunk_size=500)
        return respond(exports.AGREEMENTS, rows, form=form, viewer=viewer)
    shown = window(queries.with_names(found), request.GET.get("page", ""))
    count, is_capped = capped_count(found)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": tabs(viewer, "agreement_list"),
        "filters": _filters(viewer, narrowed),
        "rows": [
            (shapes.ending_row if narrowed["ends"] else shapes.row)(agreement)
            for agreement in shown.object_list
        ],
        "page": shown,
        "total": count + is_capped,
        "downloads": [(form, f"?{query.urlencode()}&format={form}") for form in FORMATS],
        "is_filtered": any(narrowed.values()),
        "ending": None if narrowed["ends"] else _ending(viewer),
        "next_step": _draft_step(viewer),
    }
    return page(request, "agreements/agreement_list.html", context)


def _ending(viewer: Viewer) -> tuple[int, str] | None:
    """How many agreements end within a year, and where they stand in the order of their ends."""
    count, _more = capped_count(queries.ending(policies.visible_agreements(viewer), NEXT_MONTHS))
    return (count, f"?ends={NEXT_MONTHS}") if count else None


def _draft_step(viewer: Viewer) -> ui.Action | None:
    if not policies.may_draft(viewer):
        return None
    return ui.Action(_("Draft an agreement"), reverse("agreement_create"), "plus-lg")


def _filters(viewer: Viewer, narrowed: dict[str, str]) -> list[ui.Filter]:
    countries = [
        ui.Option(code, country_name(code, own.page_language()) if len(code) == 2 else code, min(n, 201))
        for code, n in queries.countries_of(viewer)
    ]
    years = [ui.Option(str(year), str(year)) for year in queries.years_of(viewer)]
    return [
        ui.Filter(
            "kind",
            _("Kind"),
            _options(Agreement.Kind.choices),
            narrowed["kind"],
            any_label=_("Agreements of every kind"),
        ),
        ui.Filter(
            "country",
            _("Country"),
            countries,
            narrowed["country"],
            before=_("with"),
            any_label=_("any country"),
        ),
        ui.Filter(
            "field",
            _("Field"),
            _options(Field.choices),
            narrowed["field"],
            before=_("in"),
            any_label=_("any field"),
        ),
        ui.Filter("status", _("Status"), _options(S.choices), narrowed["status"], any_label=_("any status")),
        ui.Filter("year", _("Year"), years, narrowed["year"], before=_("signed in"), any_label=_("any year")),
        ui.Filter(
            "ends",
            _("End"),
            [ui.Option(str(n), _within(n)) for n in queries.ENDS_WITHIN],
            narrowed["ends"],
            any_label=_("ending at any time"),
        ),
        *_whose(viewer, narrowed["whose"]),
    ]


def _within(months: int) -> str:
    return ngettext("ending within %(n)d month", "ending within %(n)d months", months) % {"n": months}


def _whose(viewer: Viewer, value: str) -> list[ui.Filter]:
    if not policies.own_parties(viewer).exists():
        return []
    ours = ui.Option("ours", _("only ours"))
    return [ui.Filter("whose", _("Whose"), [ours], value, any_label=_("of all parties"))]


def _options(choices: Any) -> list[ui.Option]:
    return [ui.Option(str(value), label) for value, label in choices]


# --- one agreement ----------------------------------------------------------------------------------------
def seen(request: HttpRequest, pk: UUID) -> Agreement:
    return get_object_or_404(queries.with_names(policies.visible_agreements(viewer_of(request))), pk=pk)


@require_GET
@policy.route("agreements.agreement.see")
def agreement_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer, agreement = viewer_of(request), seen(request, pk)
    may_act, reads = policies.may_act(viewer, agreement), policies.may_read_wording(viewer, agreement)
    parties = list(agreement.parties.all())
    text = best_text(agreement.texts.all())
    begins = leads_on(viewer, agreement) if may_act else []
    walked = chain.walk(viewer, agreement)
    signs_for = [party for party in parties if may_act and policies.may_sign_for(viewer, party)]
    next_step = _next_step(agreement, parties, signs_for) if may_act else None
    if next_step is None and begins and not _led_on(walked):
        next_step = begins[0]
    consents = _consents(agreement, parties, signs_for) if reads and agreement.status in OPEN else {}
    context = {
        "agreement": agreement,
        "text": text,
        "texts": sorted(agreement.texts.all(), key=lambda t: (not t.is_authentic, t.language)),
        "kind": agreement.get_kind_display(),
        "tone": lifecycle.AGREEMENT.tones[agreement.status],
        "parties": [(party, shapes.party_chip(party), consents.get(party.pk)) for party in parties],
        "to_sign": _signable(agreement, signs_for),
        "shows_consents": bool(consents),
        "waits_for": _waits_for(agreement, parties, signs_for) if reads else "",
        "commitments": _commitments(viewer, agreement, may_act),
        "bodies": list(policies.visible_bodies(viewer).filter(agreement=agreement).order_by("language")),
        "facts": shapes.facts(agreement),
        "next_step": next_step,
        "actions": [*(action for action in begins if action is not next_step), *_more(agreement, next_step)]
        if may_act
        else [],
        "may_act": may_act,
        "reads": reads,
        "is_over": agreement.status in [S.EXPIRED, S.TERMINATED],
        "history": shapes.history(viewer, "agreement", agreement.pk, HISTORY) if reads else [],
        "chain": walked,
        "tabs": tabs(viewer, "agreement_list"),
    }
    return page(request, "agreements/agreement_detail.html", context)


def _led_on(walked: list[chain.Step]) -> bool:
    """Whether anything came of the agreement yet."""
    here = next(step.stage for step in walked if step.is_here)
    return any(step.stage > here for step in walked)


def _signable(agreement: Agreement, signs_for: list[Party]) -> set[UUID]:
    if agreement.status != S.APPROVED:
        return set()
    return {party.pk for party in signs_for if party.signed_on is None}


def _agrees(agreement: Agreement, party: Party) -> bool:
    return party.consented_version is not None and party.consented_version == agreement.wording_version


def _consents(
    agreement: Agreement, parties: list[Party], signs_for: list[Party]
) -> dict[UUID, tuple[date | None, ui.Action | None]]:
    """Of each party the day on which it consented to the wording as it stands, and how to give or withdraw it."""
    found: dict[UUID, tuple[date | None, ui.Action | None]] = {}
    for party in parties:
        agrees, is_own = _agrees(agreement, party), party in signs_for
        if agrees:
            url = reverse("agreement_withdraw", args=[agreement.pk, party.pk])
            action = ui.Action(_("Withdraw"), url, "arrow-counterclockwise", "post")
        else:
            action = _consent(agreement, party)
        found[party.pk] = (
            party.consented_on if agrees else None,
            action if is_own and agreement.wording_version else None,
        )
    return found


def _consent(agreement: Agreement, party: Party) -> ui.Action:
    return ui.Action(
        _("Consent to the wording"),
        reverse("agreement_consent", args=[agreement.pk, party.pk]),
        "check-lg",
        "post",
        confirm=_("Do you consent to the wording and the terms as they stand now, for %(party)s?")
        % {"party": shapes.party_name(party)},
        fields={"version": str(agreement.wording_version)},
    )


def _waits_for(agreement: Agreement, parties: list[Party], signs_for: list[Party]) -> str:
    """What other parties have to do before the agreement goes on, in one sentence; empty while one's own is open."""
    if agreement.status == S.NEGOTIATION and agreement.wording_version:
        missing = [party for party in parties if not _agrees(agreement, party)]
        sentence = _("Waiting for the consent of %(parties)s to the wording.")
    elif agreement.status == S.APPROVED:
        missing = [party for party in parties if party.signed_on is None]
        sentence = _("Waiting for the signature of %(parties)s.")
    else:
        return ""
    if not missing or any(party in signs_for for party in missing):
        return ""
    return sentence % {"parties": listed(shapes.party_name(party) for party in missing)}


def _commitments(viewer: Viewer, agreement: Agreement, may_act: bool) -> list[dict[str, Any]]:
    found = policies.visible_commitments(viewer).filter(agreement=agreement)
    rows = found.select_related("party__organisation", "party__place").order_by("due_on", "id")[:200]
    return [
        {
            "commitment": commitment,
            "who": shapes.party_name(commitment.party),
            "is_open": commitment.status == Commitment.Status.OPEN,
            "may_close": may_act and commitment.status == Commitment.Status.OPEN,
            "tone": {"open": "active", "done": "done", "dropped": "stopped"}[commitment.status],
        }
        for commitment in rows
    ]


def _next_step(agreement: Agreement, parties: list[Party], signs_for: list[Party]) -> ui.Action | None:
    """The one thing that whoever signs for these parties does now, by status; None while others are to act."""
    status = Agreement.Status(agreement.status)
    if status in OPEN and agreement.wording_version == 0:
        return _wording_step(agreement)
    if status in [S.DRAFT, S.UNDER_REVIEW]:
        return _move(agreement, S.NEGOTIATION)
    if status == S.NEGOTIATION:
        missing = [party for party in parties if not _agrees(agreement, party)]
        own = next((party for party in missing if party in signs_for), None)
        if own:
            return _consent(agreement, own)
        return None if missing else _move(agreement, S.APPROVED)
    if status == S.APPROVED:
        to_sign = next((party for party in signs_for if party.signed_on is None), None)
        return (
            _step(agreement, _("Record the signature"), "agreement_sign", "pen", to_sign) if to_sign else None
        )
    if status == S.SIGNED:
        return _step(agreement, _("Record the entry into force"), "agreement_force", "check-lg")
    if status == S.RENEWAL_DUE:
        return _step(agreement, _("Renew"), "agreement_renew", "arrow-repeat")
    return None


def _step(agreement: Agreement, label: str, route: str, icon: str, party: Party | None = None) -> ui.Action:
    return ui.Action(label, reverse(route, args=[agreement.pk, *([party.pk] if party else [])]), icon)


def _wording_step(agreement: Agreement) -> ui.Action:
    return _step(agreement, _("Write the wording"), "agreement_body", "text-left")


def _move(agreement: Agreement, to: str) -> ui.Action:
    url = reverse("agreement_move", args=[agreement.pk])
    return ui.Action(STEPS[S(to)], url, "arrow-right", "post", fields={"to": str(to)})


def _more(agreement: Agreement, next_step: ui.Action | None) -> list[ui.Action]:
    """Everything else that can be done now: no step that is refused, and not the next one again."""
    found = [_move(agreement, to) for to in STEPS if _may_move(agreement, to)]
    if agreement.status in OPEN:
        found.append(_step(agreement, _("Change the terms"), "agreement_terms", "pencil"))
        found.append(_wording_step(agreement))
    found.append(_step(agreement, _("Add a language"), "agreement_text", "translate"))
    if agreement.status == S.IN_FORCE:
        found.append(_step(agreement, _("Renew"), "agreement_renew", "arrow-repeat"))
    if lifecycle.AGREEMENT.may_follow(agreement.status, S.TERMINATED):
        url = reverse("agreement_end", args=[agreement.pk])
        found.append(ui.Action(_("End the agreement"), url, "x-circle", danger=True))
    return [action for action in found if action != next_step]


def _may_move(agreement: Agreement, to: str) -> bool:
    if not lifecycle.AGREEMENT.may_follow(agreement.status, to):
        return False
    parties = agreement.parties.all()
    if agreement.status == S.APPROVED:
        return not any(party.signed_on for party in parties)
    return to != S.APPROVED or all(_agrees(agreement, party) for party in parties)


# --- changing it ------------------------------------------------------------------------------------------
@policy.route("agreements.draft")
def agreement_create(request: HttpRequest) -> HttpResponse:
    form = own.DraftForm(request.POST or None, viewer=viewer_of(request))

    def draft(data: dict[str, Any]) -> str:
        agreement = actions.draft_agreement(
            by=user_of(request),
            terms=form.terms(),
            parties=form.parties(),
            texts=[form.text()],
            follows=data["follows"],
        )
        return reverse("agreement_detail", args=[agreement.pk])

    return do(
        request,
        form,
        draft,
        back=reverse("agreement_list"),
        title=_("Draft an agreement"),
        kind=_("Agreements"),
        submit=_("Save the draft"),
        note=_("Only the parties see a draft. The others are told, and can work on it with you."),
    )


def _acted_on(request: HttpRequest, pk: UUID) -> Agreement:
    """The agreement, for those who may change it: 404 for whoever may not know of it, 403 for readers."""
    agreement = seen(request, pk)
    if not policies.may_act(viewer_of(request), agreement):
        raise NotAllowed(_("Only those who act for one of the parties can do this."))
    return agreement


def _do(
    request: HttpRequest,
    agreement: Agreement,
    form: ActionForm,
    action: Callable[[dict[str, Any]], object],
    *,
    title: str,
    submit: str,
    note: str = "",
) -> HttpResponse:
    """`pages.do` with the way back to the agreement."""
    back = reverse("agreement_detail", args=[agreement.pk])
    name = queries.title_of(agreement)[0]
    return do(request, form, action, back=back, title=title, submit=submit, kind=name, note=note)


@policy.route("core.signed_in")
def agreement_terms(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    names = (
        "kind",
        "level",
        "is_binding",
        "tier",
        "ends_on",
        "renewal",
        "notice_days",
        "term_months",
        "due_on",
    )
    initial = {name: getattr(agreement, name) for name in names}
    initial["fields_of_science"] = agreement.fields_of_science
    form = own.TermsForm(request.POST or None, initial=initial)
    return _do(
        request,
        agreement,
        form,
        lambda data: actions.change_terms(agreement=agreement, terms=form.terms(), by=user_of(request)),
        title=_("Change the terms"),
        submit=_("Save"),
    )


@policy.route("core.signed_in")
def agreement_text(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    form = own.TextForm(request.POST or None, initial={"is_authentic": agreement.status in OPEN})
    return _do(
        request,
        agreement,
        form,
        lambda data: actions.write_text(agreement=agreement, text=form.text(), by=user_of(request)),
        title=_("Title and summary in another language"),
        submit=_("Save"),
        note=_("A text in the same language is replaced."),
    )


@policy.route("core.signed_in")
def agreement_body(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    stored = (
        policies.visible_bodies(viewer_of(request)).filter(agreement=agreement).order_by("language").first()
    )
    initial = {"language": stored.language, "body": stored.body} if stored else {}
    form = own.BodyForm(request.POST or None, initial=initial)
    return _do(
        request,
        agreement,
        form,
        lambda data: actions.write_body(agreement=agreement, by=user_of(request), **data),
        title=_("The wording"),
        submit=_("Save the wording"),
        note=_("Only members of the parties read the wording, whatever else is public.")
        + " "
        + _("Every party consents to it before it is approved; a change asks all of them again."),
    )


@require_POST
@policy.route("core.signed_in")
def agreement_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    actions.move_agreement(agreement=agreement, to=request.POST.get("to", ""), by=user_of(request))
    return redirect("agreement_detail", pk)


def _party(agreement: Agreement, pk: UUID) -> Party:
    found: Party = get_object_or_404(agreement.parties.select_related("organisation", "place"), pk=pk)
    return found


@require_POST
@policy.route("core.signed_in")
def agreement_consent(request: HttpRequest, pk: UUID, party: UUID) -> HttpResponse:
    version = request.POST.get("version", "")
    actions.consent_to_wording(
        party=_party(_acted_on(request, pk), party),
        version=int(version) if re.fullmatch("[0-9]{1,9}", version) else 0,
        by=user_of(request),
    )
    return redirect("agreement_detail", pk)


@require_POST
@policy.route("core.signed_in")
def agreement_withdraw(request: HttpRequest, pk: UUID, party: UUID) -> HttpResponse:
    actions.withdraw_consent(party=_party(_acted_on(request, pk), party), by=user_of(request))
    return redirect("agreement_detail", pk)


@policy.route("core.signed_in")
def agreement_sign(request: HttpRequest, pk: UUID, party: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    signing = _party(agreement, party)
    form = own.SignForm(
        request.POST or None,
        initial={"signatory": signing.signatory, "signatory_office": signing.signatory_office},
    )
    return _do(
        request,
        agreement,
        form,
        lambda data: actions.record_signature(party=signing, by=user_of(request), **data),
        title=_("Signature of %(party)s") % {"party": shapes.party_name(signing)},
        submit=_("Record the signature"),
    )


@policy.route("core.signed_in")
def agreement_force(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    form = own.ForceForm(request.POST or None, initial={"on": agreement.signed_on or timezone.localdate()})
    return _do(
        request,
        agreement,
        form,
        lambda data: actions.enter_into_force(agreement=agreement, by=user_of(request), **data),
        title=_("Entry into force"),
        submit=_("Record"),
    )


@policy.route("core.signed_in")
def agreement_renew(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    return _do(
        request,
        agreement,
        own.RenewForm(request.POST or None),
        lambda data: actions.renew_agreement(agreement=agreement, by=user_of(request), **data),
        title=_("Renew the agreement"),
        submit=_("Renew"),
    )


@policy.route("core.signed_in")
def agreement_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    return _do(
        request,
        agreement,
        own.EndForm(request.POST or None),
        lambda data: actions.terminate_agreement(agreement=agreement, by=user_of(request), **data),
        title=_("End the agreement"),
        submit=_("End it"),
        note=_("All parties are told. This cannot be taken back."),
    )


@policy.route("core.signed_in")
def commitment_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    agreement = _acted_on(request, pk)
    return _do(
        request,
        agreement,
        own.CommitmentForm(request.POST or None, agreement=agreement),
        lambda data: actions.add_commitment(by=user_of(request), **data),
        title=_("Add a commitment"),
        submit=_("Add"),
    )


def _commitment(request: HttpRequest, pk: UUID, commitment: UUID) -> Commitment:
    found = policies.visible_commitments(viewer_of(request)).filter(agreement=_acted_on(request, pk))
    one: Commitment = get_object_or_404(found.select_related("agreement"), pk=commitment)
    return one


@require_POST
@policy.route("core.signed_in")
def commitment_done(request: HttpRequest, pk: UUID, commitment: UUID) -> HttpResponse:
    actions.complete_commitment(
        commitment=_commitment(request, pk, commitment), done_on=timezone.localdate(), by=user_of(request)
    )
    return redirect(reverse("agreement_detail", args=[pk]) + "#commitments")


@policy.route("core.signed_in")
def commitment_drop(request: HttpRequest, pk: UUID, commitment: UUID) -> HttpResponse:
    dropped = _commitment(request, pk, commitment)
    return _do(
        request,
        seen(request, pk),
        own.ReasonForm(request.POST or None),
        lambda data: actions.drop_commitment(commitment=dropped, by=user_of(request), **data),
        title=_("Drop a commitment"),
        submit=_("Drop it"),
        note=dropped.text,
    )
