"""The steps of writing a listing, and its languages."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from serai.core import policy, ui
from serai.core.text import Origin
from serai.core.viewer import viewer_of
from serai.exchange import actions, checks, policies, queries, shapes, vocabularies
from serai.exchange.forms import (
    AboutForm,
    ContactForm,
    DetailForm,
    FactsForm,
    PartnerForm,
    Step,
    TeaserForm,
    TranslationForm,
)
from serai.exchange.models import Listing, ListingContact
from serai.exchange.views.common import form_page, own, page, user_of

FORMS: dict[str, type[Step]] = {
    "about": AboutForm,
    "teaser": TeaserForm,
    "details": DetailForm,
    "facts": FactsForm,
    "partner": PartnerForm,
    "contact": ContactForm,
}
STEPS = (*FORMS, "send")


@policy.route("exchange.member")
def listing_create(request: HttpRequest) -> HttpResponse:
    form = AboutForm(request.POST or None, viewer=viewer_of(request))
    if request.method == "POST" and form.is_valid():
        listing = actions.create_listing(**form.cleaned_data, by=user_of(request))
        return redirect("listing_edit", listing.pk, "teaser")
    context = _step_context(form, None, "about")
    return form_page(request, "exchange/listing_form.html", form, context)


@policy.route("exchange.member")
def listing_edit(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    """One step of the form; what is valid is saved as one goes on."""
    if step not in STEPS:
        raise Http404
    listing = own(request, pk)
    if step == "send":
        return _send_page(request, listing)
    language = request.GET.get("lang", "")[:35] or listing.language
    form = FORMS[step](
        request.POST or None,
        viewer=viewer_of(request),
        listing=listing,
        initial=_written(request, listing, step, language),
    )
    if request.method == "POST" and form.is_valid():
        is_own = language == listing.language
        _save(request, listing, step, language, form.cleaned_data)
        return redirect(_after(request.GET, listing, step, "" if is_own else language))
    is_mending = request.GET.get("then") == "send"
    context = {
        **_step_context(form, listing, step),
        "language": language,
        "is_translation": language != listing.language,
        "is_mending": is_mending,
        "check_url": f"{reverse('listing_check', args=[listing.pk])}?{urlencode({'lang': language})}",
        "cancel_url": _step_url(listing, "send")
        if is_mending
        else reverse("listing_detail", args=[listing.pk]),
    }
    return form_page(request, "exchange/listing_form.html", form, context)


def _step_context(form: Step, listing: Listing | None, step: str) -> dict[str, Any]:
    return {
        "listing": listing,
        "step": step,
        "step_label": checks.STEP_LABELS[step],
        "stops": _route(listing, step),
        "rows": shapes.form_rows(form),
        "has_required": any(field.required for field in form.fields.values()),
    }


def _step_url(listing: Listing, step: str, **query: str) -> str:
    url = reverse("listing_edit", args=[listing.pk, step])
    given = {name: value for name, value in query.items() if value}
    return f"{url}?{urlencode(given)}" if given else url


def _written(request: HttpRequest, listing: Listing, step: str, language: str) -> dict[str, Any]:
    """What stands in the fields of a step before anything is typed: what was saved, else what is likely."""
    records = {
        "teaser": listing.teasers.filter(language=language),
        "details": listing.details.filter(language=language),
        "contact": ListingContact.objects.filter(listing=listing),
    }
    record = records[step].first() if step in records else listing
    if record is not None:
        return model_to_dict(record, fields=list(FORMS[step].base_fields))
    user = user_of(request)
    return {"name": user.name, "email": user.email} if step == "contact" else {}


def _save(request: HttpRequest, listing: Listing, step: str, language: str, data: dict[str, Any]) -> None:
    given: dict[str, Any] = {"listing": listing, "by": user_of(request)}
    if step == "about":
        actions.set_language(language=listing.language, to=data["language"], **given)
        facts = {name: data[name] for name in ("direction", "kind", "disclosure")}
        actions.save_facts(**facts, **given)
    elif step in {"teaser", "details"}:
        save = actions.save_teaser if step == "teaser" else actions.save_detail
        save(language=language, **data, **given, **_origin(listing, language, request))
        if request.POST.get("reads_as") in vocabularies.LANGUAGES:
            actions.set_language(language=language, to=request.POST["reads_as"], **given)
    elif step == "contact":
        actions.save_contact(**data, **given)
    else:
        actions.save_facts(**data, **given)


def _origin(listing: Listing, language: str, request: HttpRequest) -> dict[str, Any]:
    """A version in another language than the listing's own is a translation of it."""
    if language == listing.language:
        return {}
    machine = request.GET.get("origin") == Origin.MACHINE
    origin = Origin.MACHINE if machine else Origin.TRANSLATED
    return {"origin": origin, "source_language": listing.language}


def _after(asked: QueryDict, listing: Listing, step: str, translation: str) -> str:
    """Back to the check one came from to mend something; else the next step.

    A translation has two steps, the texts, and then is looked at.
    """
    if asked.get("then") == "send":
        return _step_url(listing, "send")
    if not translation:
        return _step_url(listing, STEPS[STEPS.index(step) + 1])
    if step == "teaser":
        return f"{_step_url(listing, 'details')}?{asked.urlencode()}"
    return f"{reverse('listing_detail', args=[listing.pk])}?{urlencode({'lang': translation})}"


def _send_page(request: HttpRequest, listing: Listing) -> HttpResponse:
    shown = [_shown(listing, finding) for finding in checks.findings(listing)]
    stopping = [item for item in shown if item["finding"].stops]
    context = {
        "listing": listing,
        "stops": _route(listing, "send"),
        "stopping": stopping,
        "advice": [item for item in shown if item not in stopping],
        "may_send": listing.status in policies.EDITABLE and not stopping,
        "send": ui.Action(
            _("Send to review"), reverse("listing_do", args=[listing.pk, "submit"]), "send", "post"
        ),
        "text": queries.text_for(viewer_of(request), listing.teasers.all()),
    }
    return page(request, "exchange/listing_send.html", context)


def _shown(listing: Listing, finding: checks.Finding) -> dict[str, Any]:
    """A finding with the way to mend it: the step, from which one comes back, or one click for a language."""
    url = _step_url(listing, finding.step, lang=finding.language, then="send")
    relabel = None
    if finding.reads_as and (finding.language or listing.status in policies.EDITABLE):
        name = dict(vocabularies.language_choices())[finding.reads_as]
        fields = {"language": finding.language or listing.language, "to": finding.reads_as}
        relabel = ui.Action(
            _("Mark it as %s") % name,
            reverse("listing_language", args=[listing.pk]),
            "translate",
            "post",
            fields=fields,
        )
    return {"finding": finding, "url": f"{url}#id_{finding.field}", "relabel": relabel}


def _route(listing: Listing | None, here: str) -> list[ui.Stop]:
    """The steps of the form; "done" are those that hold something, wherever one stands."""
    if listing is None:
        return [ui.Stop(checks.STEP_LABELS[step], "here" if step == here else "ahead") for step in STEPS]
    written = checks.written_steps(listing)
    return [
        ui.Stop(
            checks.STEP_LABELS[step],
            "here" if step == here else "done" if step in written else "open",
            url=_step_url(listing, step),
        )
        for step in STEPS
    ]


@policy.route("exchange.member")
@require_POST
def listing_language(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct the mark of a text's language, from the check that noticed it."""
    listing, given = own(request, pk), request.POST
    actions.set_language(
        listing=listing, language=given.get("language", ""), to=given.get("to", ""), by=user_of(request)
    )
    messages.success(request, _("Saved."))
    return redirect(_step_url(listing, "send"))


@policy.route("exchange.member")
def listing_translate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose the language to add; the text itself is written in the usual steps."""
    listing = own(request, pk)
    form = TranslationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        return redirect(_step_url(listing, "teaser", lang=chosen["language"], origin=chosen["origin"]))
    context = {"listing": listing, "cancel_url": reverse("listing_detail", args=[listing.pk])}
    return form_page(request, "exchange/listing_translate.html", form, context)


@policy.route("exchange.member")
@require_POST
def listing_check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the public text must not hold, or is not, said while it is written (HTMX)."""
    listing = own(request, pk)
    form = TeaserForm(request.POST, viewer=viewer_of(request), listing=listing)
    form.is_valid()
    wrong = [
        (form.fields[name].label, list(found))
        for name, found in form.errors.items()
        if name in form.fields and request.POST.get(name)
    ]
    language = request.GET.get("lang", "")[:35] or listing.language
    typed = f"{request.POST.get('title', '')}\n{request.POST.get('summary', '')}"
    reads_as = checks.evident_language(typed, language)
    context = {
        "wrong": wrong,
        "reads_as": reads_as,
        "sentence": checks.language_sentence(language, reads_as) if reads_as else "",
        "name": dict(vocabularies.language_choices()).get(reads_as, ""),
    }
    return render(request, "exchange/_check.html", context)
