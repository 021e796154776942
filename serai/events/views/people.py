"""Taking part: one's registration, the people there, decisions, check-in."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from serai.core import policy, ui
from serai.core.api import capped_count
from serai.core.exports import FORMATS, respond
from serai.core.forms import with_errors
from serai.core.text import listed
from serai.directory.models import Place
from serai.directory.places import by_name, place_name
from serai.events import actions, exports, forms, policies, queries, shapes
from serai.events.models import Event, Meeting, MeetingRequest, Participant
from serai.events.texts import event_name, table_name, time_here
from serai.events.views.common import (
    asked,
    downloads,
    event_context,
    form_page,
    organised_event,
    page,
    user_of,
)
from serai.exchange.shapes import organisation_chip
from serai.exchange.vocabularies import language_choices

PAGE = 50
S = Participant.Status

DECISIONS = {
    "confirm": actions.confirm_participant,
    "refuse": actions.refuse_participant,
    "wait": actions.set_waiting,
    "check_in": actions.check_in,
    "undo": actions.undo_check_in,
}


# --- one's own registration -------------------------------------------------------------------------------
@policy.route("events.registration.own")
def registration(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Register, or change what one said when registering."""
    user = user_of(request)
    event = get_object_or_404(queries.with_event_texts(policies.visible_events(user)), pk=pk)
    mine = queries.registration_of(user.pk, event)
    initial = forms.registration_initial(mine) if mine else {}
    form = forms.RegistrationForm(request.POST or None, viewer=user, event=event, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.values()

        def save() -> Participant:
            if mine is None:
                return actions.register_participant(event=event, by=user, **values)
            values.pop("organisation")
            return actions.update_registration(participant=mine, by=user, **values)

        if with_errors(form, save) is not None:
            messages.success(request, _("Saved.") if mine else _("Registered. The organisers will answer."))
            return redirect("registration", pk=event.pk)
    context = event_context(request, event, "registration")
    over = policies.is_over(event)
    context["form_open"] = not over if mine is not None else policies.takes_registrations(event)
    context["is_over"] = over
    return form_page(request, form, context, template="events/registration.html")


@policy.route("events.registration.own")
@require_POST
def registration_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    mine = get_object_or_404(policies.own_registrations(request.user), pk=pk)
    actions.withdraw_participant(participant=mine, by=user_of(request))
    messages.success(request, _("You no longer take part. Those you would have met are told."))
    return redirect("event_detail", pk=mine.event_id)


@policy.route("events.registration.own")
@require_POST
def feed_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make the secret address of one's calendar and show it, once."""
    mine = get_object_or_404(policies.own_registrations(request.user).select_related("event__place"), pk=pk)
    token = actions.create_feed(participant=mine, by=user_of(request))
    url = settings.CONFIG.base_url + reverse("calendar_feed", args=[token])
    context = {"url": url, "event": mine.event, "title": event_name(mine.event)}
    return page(request, "events/feed.html", context)


@policy.route("events.registration.own")
@require_POST
def feed_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    mine = get_object_or_404(policies.own_registrations(request.user), pk=pk)
    actions.revoke_feed(participant=mine, by=user_of(request))
    messages.success(request, _("The address no longer works."))
    return redirect("registration", pk=mine.event_id)


# --- the people there -------------------------------------------------------------------------------------
@policy.route("events.participant.see")
def participant_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = user_of(request)
    event = get_object_or_404(queries.with_event_texts(policies.visible_events(user)), pk=pk)
    context = event_context(request, event, "participant_list")
    mine: Participant | None = context["registration"]
    if not (context["taking_part"] or context["organises"]):
        if mine is None:
            raise Http404
        return page(request, "events/not_yet.html", context | {"until": _decided_by(event)})
    seen = policies.visible_participants(user).filter(event=event, status__in=policies.TAKING_PART)
    found = _found(seen, request)
    total, _more = capped_count(found)
    paged = Paginator(queries.with_people(found.order_by("user__name", "pk")), PAGE).get_page(
        request.GET.get("page")
    )
    plain = not any(request.GET.get(name) for name in ("q", "language", "place", "page"))
    suggested = queries.suggestions(user, mine) if plain and mine and context["taking_part"] else []
    context |= {
        "filters": _filters(request, seen),
        "rows": [shapes.participant_row(p) for p in paged.object_list],
        "suggested": [shapes.suggestion_row(s) for s in suggested],
        "page": paged,
        "total": total,
    }
    return page(request, "events/participant_list.html", context)


def _decided_by(event: Event) -> str:
    """Until when the organisers are asked to decide on registrations; empty once that is past."""
    until = event.registration_until or event.starts_at
    return time_here(event, until) if until > timezone.now() and not policies.is_over(event) else ""


def _found(people: QuerySet[Participant], request: HttpRequest) -> QuerySet[Participant]:
    people = _named(people, asked(request, "q"))
    tag = asked(request, "language", 10)
    if tag:
        people = people.filter(languages__overlap=[tag, *(t for t in _regional(tag))])
    place = asked(request, "place", 20)
    if place:
        people = people.filter(organisation__country__code=place)
    return people


def _named(people: QuerySet[Participant], words: str) -> QuerySet[Participant]:
    """Those in whose name, or whose organisation's name, the words occur."""
    named = Q(user__name__icontains=words) | Q(organisation__name__icontains=words)
    return people.filter(named) if words else people


def _regional(tag: str) -> list[str]:
    return ["zh-Hans", "zh-Hant", "zh-hans", "zh-hant"] if tag == "zh" else []


def _filters(request: HttpRequest, seen: QuerySet[Participant]) -> list[ui.Filter]:
    places = Place.objects.filter(pk__in=seen.values("organisation__country_id"))
    return [
        ui.Filter(
            "language",
            _("Language"),
            [ui.Option(tag, name) for tag, name in language_choices()],
            value=request.GET.get("language", ""),
            before=_("Speaking"),
            any_label=_("any language"),
        ),
        ui.Filter(
            "place",
            _("Country or region"),
            [ui.Option(p.code, place_name(p)) for p in by_name(places)],
            value=request.GET.get("place", ""),
            before=_("from"),
            any_label=_("anywhere"),
        ),
    ]


@policy.route("events.participant.see")
def participant_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody at an event, with the form to ask for a meeting."""
    user = user_of(request)
    person = get_object_or_404(queries.with_people(policies.visible_participants(user)), pk=pk)
    mine = queries.registration_of(user.pk, person.event)
    may_ask = _may_ask(mine, person)
    form = None
    if may_ask and mine is not None:
        about = asked(request, "about", 36)
        form = forms.AskForm(request.POST or None, requester=mine, invitee=person, viewer=user, about=about)
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            made = with_errors(
                form,
                lambda: actions.ask_for_meeting(requester=mine, invitee=person, by=user, **values),
            )
            if made is not None:
                messages.success(request, _("Asked. You are told when there is an answer."))
                return redirect("participant_list", pk=person.event_id)
    return page(
        request,
        "events/participant_detail.html",
        {
            "person": person,
            "form": form,
            "facts": _facts(person),
            "event_name": event_name(person.event),
            "between": _between(mine, person),
            "closed": not policies.takes_requests(person.event),
            "cancel_url": reverse("participant_list", args=[person.event_id]),
        },
        status=422 if form is not None and form.errors else 200,
    )


def _may_ask(mine: Participant | None, person: Participant) -> bool:
    if mine is None or mine.status not in policies.TAKING_PART or mine.pk == person.pk:
        return False
    if person.status not in policies.TAKING_PART or person.organisation_id == mine.organisation_id:
        return False
    if not policies.takes_requests(person.event):
        return False
    return queries.unasked(mine, Participant.objects.filter(pk=person.pk)).exists()


def _between(mine: Participant | None, person: Participant) -> list[Any]:
    """The requests between the viewer and this person: each with a sentence, its meeting, and when and where that is."""
    if mine is None:
        return []
    rows = policies.own_requests(mine.user).filter(policies.sides(mine)).filter(policies.sides(person))
    found = queries.with_sides(rows).order_by("-created_at")
    return [(request, shapes.request_note(request), *_set(request)) for request in found]


def _set(request: MeetingRequest) -> tuple[Meeting | None, str]:
    meeting = shapes.standing_meeting(request)
    if meeting is None:
        return None, ""
    return meeting, listed([time_here(request.event, meeting.slot.during.lower), table_name(meeting.table)])


def _facts(person: Participant) -> list[ui.Fact]:
    listing = queries.subject(person.listing)
    country = person.organisation.country
    facts = [
        ui.Fact(_("Organisation"), chip=organisation_chip(person.organisation)),
        ui.Fact(_("Country or region"), place_name(country) if country else ""),
        ui.Fact(_("Languages"), shapes.spoken(person.languages)),
        ui.Fact(_("Takes part"), _("Online") if person.is_online else _("On site")),
    ]
    if listing is not None:
        url = reverse("listing_detail", args=[listing.pk])
        facts.append(ui.Fact(_("Shows"), queries.listing_title(listing), url=url))
    return [fact for fact in facts if fact.value or fact.chip]


# --- for organisers ---------------------------------------------------------------------------------------
@policy.route("events.event.organise")
def event_registrations(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Who asked to take part, also as a table to download; those chosen are confirmed together."""
    event = organised_event(request, pk)
    if request.method == "POST":
        _confirm_chosen(request, event)
        return redirect("event_registrations", pk=event.pk)
    status = request.GET.get("status", "")
    people = _named(Participant.objects.filter(event=event), asked(request, "q"))
    if status in S.values:
        people = people.filter(status=status)
    form = request.GET.get("format", "")
    if form in FORMATS:
        rows = queries.with_people(people.order_by("created_at", "pk")).iterator(chunk_size=500)
        return respond(exports.REGISTRATIONS, rows, form=form, viewer=request.user)
    total, _more = capped_count(people)
    paged = Paginator(queries.with_people(people.order_by("created_at", "pk")), PAGE).get_page(
        request.GET.get("page")
    )
    options = [ui.Option(value, label) for value, label in S.choices]
    shown = [(p, _decisions(p)) for p in paged.object_list]
    context = {
        **event_context(request, event, "event_registrations"),
        "filters": [
            ui.Filter("status", _("Status"), options, value=status, any_label=_("All registrations"))
        ],
        "people": shown,
        "deciding": any(decisions for _p, decisions in shown),
        "downloads": downloads(request),
        "page": paged,
        "total": total,
    }
    return page(request, "events/registrations.html", context)


@transaction.atomic
def _confirm_chosen(request: HttpRequest, event: Event) -> None:
    undecided = Participant.objects.filter(event=event, status__in=[S.SUBMITTED, S.WAITING])
    if policies.is_over(event):
        undecided = undecided.none()
    chosen = [
        p for p in undecided.order_by("created_at", "pk") if str(p.pk) in request.POST.getlist("chosen")
    ]
    for person in chosen:
        DECISIONS["confirm"](participant=person, by=user_of(request))
    said = ngettext("%(n)d registration confirmed.", "%(n)d registrations confirmed.", len(chosen))
    messages.success(request, said % {"n": len(chosen)})


def _decisions(person: Participant) -> list[ui.Action]:
    if policies.is_over(person.event):
        return []
    labels = {"confirm": (_("Confirm"), "check-lg"), "wait": (_("Waiting list"), "hourglass-split")}
    verbs = {S.SUBMITTED: ["confirm", "wait"], S.WAITING: ["confirm"]}.get(S(person.status), [])
    found = [
        ui.Action(labels[v][0], reverse("participant_do", args=[person.pk, v]), labels[v][1], "post")
        for v in verbs
    ]
    if person.status in {S.SUBMITTED, S.WAITING}:
        url = reverse("participant_do", args=[person.pk, "refuse"])
        question = _("Refuse the registration of %(name)s?") % {"name": person.user.name}
        found.append(ui.Action(_("Refuse"), url, "x-lg", "post", danger=True, confirm=question))
    return found


@policy.route("events.event.organise")
@require_POST
def participant_do(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """One decision about a registration, or a check-in; HTMX gets the one row that changed."""
    if verb not in DECISIONS:
        raise Http404
    organised = Participant.objects.filter(event__in=policies.organised_events(request.user))
    person = DECISIONS[verb](participant=get_object_or_404(organised, pk=pk), by=user_of(request))
    person = queries.with_people(Participant.objects.filter(pk=person.pk)).get()
    at_door = verb in {"check_in", "undo"}
    if getattr(request, "htmx", False):
        template = "events/_checked_in.html" if at_door else "events/_registration_row.html"
        context = {"p": person, "decisions": _decisions(person), "here": _here(person.event), "swapped": True}
        return render(request, template, context)
    name = "event_check_in" if at_door else "event_registrations"
    return redirect(name, pk=person.event_id)


@policy.route("events.event.organise")
def event_check_in(request: HttpRequest, pk: UUID) -> HttpResponse:
    event = organised_event(request, pk)
    words = asked(request, "q")
    people = _named(Participant.objects.filter(event=event, status__in=policies.TAKING_PART), words)
    paged = Paginator(queries.with_people(people.order_by("user__name", "pk")), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        **event_context(request, event, "event_check_in"),
        "people": paged.object_list,
        "page": paged,
        "words": words,
        "here": _here(event),
    }
    return page(request, "events/check_in.html", context)


def _here(event: Event) -> ui.Figure:
    """How many of those expected have come."""
    expected = Participant.objects.filter(event=event, status__in=policies.TAKING_PART)
    come = expected.filter(status=S.CHECKED_IN).count()
    return ui.Figure(_("Here"), come, unit=_("of %(expected)s") % {"expected": expected.count()})
