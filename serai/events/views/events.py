"""Events: the list, one event, planning and preparing it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from serai.core import chain, policy, ui
from serai.core.api import capped_count
from serai.core.forms import with_errors
from serai.core.viewer import Viewer
from serai.directory.models import Place
from serai.directory.places import by_name, place_name
from serai.events import actions, forms, policies, queries, shapes
from serai.events.models import Event, Interpreter, Participant
from serai.events.texts import clock_time, event_name, table_name
from serai.events.views.common import asked, event_context, form_page, organised_event, page, user_of
from serai.exchange.shapes import organisation_chip

PAGE = 25
EVE = timedelta(hours=12)

STEPS = {
    "announce": actions.announce_event,
    "open_registration": actions.open_registration,
    "close_registration": actions.close_registration,
    "start": actions.start_event,
    "end": actions.end_event,
    "report": actions.report_event,
    "cancel": actions.cancel_event,
}


# --- the list ---------------------------------------------------------------------------------------------
@policy.route("events.event.see")
def event_list(request: HttpRequest) -> HttpResponse:
    when = "past" if request.GET.get("when") == "past" else ""
    events = _narrowed(policies.visible_events(request.user), request, when)
    total, _more = capped_count(events)
    paged = Paginator(queries.with_event_texts(events), PAGE).get_page(request.GET.get("page"))
    mine = _registrations(request.user, list(paged.object_list))
    return page(
        request,
        "events/event_list.html",
        {
            "filters": _filters(request, when),
            "rows": [shapes.event_row(event, mine.get(event.pk)) for event in paged.object_list],
            "page": paged,
            "total": total,
            "tabs": meet_tabs(request.user, "event_list"),
            "new_event": _new_event(request.user),
        },
    )


def _narrowed(events: QuerySet[Event], request: HttpRequest, when: str) -> QuerySet[Event]:
    now = timezone.now()
    events = events.filter(ends_at__lt=now) if when else events.filter(ends_at__gte=now)
    if request.GET.get("kind") in Event.Kind.values:
        events = events.filter(kind=request.GET["kind"])
    if request.GET.get("mode") in Event.Mode.values:
        events = events.filter(mode=request.GET["mode"])
    place = asked(request, "place", 20)
    if place:
        events = events.filter(place__code=place)
    return events.order_by(F("starts_at").desc() if when else F("starts_at").asc(), "pk")


def _filters(request: HttpRequest, when: str) -> list[ui.Filter]:
    used = Place.objects.filter(pk__in=policies.visible_events(request.user).values("place_id"))
    return [
        ui.Filter(
            "when",
            _("When"),
            [ui.Option("past", _("Past"))],
            value=when,
            any_label=_("Coming"),
        ),
        ui.Filter(
            "kind",
            _("Kind"),
            [ui.Option(value, label) for value, label in Event.Kind.choices],
            value=request.GET.get("kind", ""),
            any_label=_("events of every kind"),
        ),
        ui.Filter(
            "place",
            _("Country or region"),
            [ui.Option(p.code, place_name(p)) for p in by_name(used)],
            value=request.GET.get("place", ""),
            before=_("in"),
            any_label=_("any country"),
        ),
        ui.Filter(
            "mode",
            _("Form"),
            [ui.Option(value, label) for value, label in Event.Mode.choices],
            value=request.GET.get("mode", ""),
            any_label=_("on site or online"),
        ),
    ]


def _registrations(viewer: Viewer, events: list[Event]) -> dict[UUID, Participant]:
    if not viewer.is_authenticated:
        return {}
    live = policies.own_registrations(viewer).filter(event__in=events)
    return {p.event_id: p for p in live.exclude(status=Participant.Status.WITHDRAWN)}


def _new_event(viewer: Viewer) -> ui.Action | None:
    if not policies.may_host(viewer):
        return None
    return ui.Action(_("Plan an event"), reverse("event_new"), "plus-lg")


def meet_tabs(viewer: Viewer, here: str) -> list[ui.Tab]:
    """The rooms of the place: everybody's events, and for those who take part their own day and requests."""
    if not viewer.is_authenticated:
        return []
    waiting, _more = capped_count(policies.requests_waiting_for(viewer))
    untold, _more = capped_count(policies.own_outcomes(viewer).filter(answered_at__isnull=True))
    rooms: list[tuple[str, str, int]] = [
        ("event_list", _("Events"), 0),
        ("my_day", _("My day"), 0),
        ("request_list", _("Meeting requests"), waiting),
        ("outcome_list", _("Outcomes"), untold),
    ]
    return [ui.Tab(label, reverse(name), name == here, count or None) for name, label, count in rooms]


# --- one event --------------------------------------------------------------------------------------------
@policy.route("events.event.see")
def event_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    event = get_object_or_404(queries.with_event_texts(policies.visible_events(request.user)), pk=pk)
    context = event_context(request, event, "event_detail")
    context |= {
        "facts": shapes.event_facts(event),
        "hosts": [organisation_chip(host) for host in event.hosts.all()],
        "place": shapes.event_place(event),
        "next_step": _next_step(request, event, context),
        "actions": shapes.event_actions(event) if context["organises"] else [],
        "parts": _related(request.user, parent=event),
        "whole": _whole(request.user, event),
        "editions": _related(request.user, series=event.series) if event.series else [],
        "texts": list(event.texts.all()),
        "chain": chain.walk(request.user, event, queries.chain_of_meetings(request.user, event)),
        "participants": capped_count(
            Participant.objects.filter(event=event, status__in=policies.TAKING_PART)
        ),
    }
    return page(request, "events/event_detail.html", context)


def _next_step(request: HttpRequest, event: Event, context: dict[str, Any]) -> ui.Action | None:
    registration: Participant | None = context["registration"]
    if context["organises"]:
        return shapes.next_event_step(event)
    if registration is not None and context["taking_part"]:
        return _participant_step(event)
    if registration is not None:
        return ui.Action(_("My registration"), reverse("registration", args=[event.pk]), "person-badge")
    if policies.takes_registrations(event):
        return ui.Action(_("Register"), reverse("registration", args=[event.pk]), "person-plus")
    return None


def _participant_step(event: Event) -> ui.Action:
    """People look for each other before an event, for their table on its days, and tell afterwards."""
    now = timezone.now()
    if now >= event.ends_at:
        return ui.Action(_("Outcomes"), reverse("outcome_list"), "clipboard-check")
    if now >= event.starts_at - EVE or not policies.takes_requests(event):
        return ui.Action(_("My day"), f"{reverse('my_day')}?event={event.pk}", "calendar-week")
    return ui.Action(_("Find people to meet"), reverse("participant_list", args=[event.pk]), "people")


def _related(viewer: Viewer, **which: Any) -> list[ui.Row]:
    events = policies.visible_events(viewer).filter(**which).order_by("starts_at", "pk")
    return [shapes.event_row(event) for event in queries.with_event_texts(events)[:20]]


def _whole(viewer: Viewer, event: Event) -> ui.Chip | None:
    found = queries.with_event_texts(policies.visible_events(viewer).filter(pk=event.parent_id))
    whole = found.first()
    if whole is None:
        return None
    return ui.Chip(event_name(whole), reverse("event_detail", args=[whole.pk]), kind="event")


# --- planning ---------------------------------------------------------------------------------------------
@policy.route("events.event.create")
def event_new(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    initial = {"time_zone": user.time_zone, "language": user.language.split("-")[0]}
    form = forms.EventForm(request.POST or None, viewer=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        hosts = [data.pop("host")]
        event = with_errors(form, lambda: actions.create_event(hosts=hosts, by=user, **data))
        if event is not None:
            messages.success(request, _("Planned. Add slots and tables, then announce it."))
            return redirect("event_setup", pk=event.pk)
    context = {"title": _("Plan an event"), "submit": _("Plan it"), "cancel_url": reverse("event_list")}
    return form_page(request, form, context)


@policy.route("events.event.organise")
def event_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    event = organised_event(request, pk)
    user = user_of(request)
    form = forms.EventForm(request.POST or None, viewer=user, event=event, initial=forms.event_initial(event))
    back = reverse("event_detail", args=[event.pk])
    if request.method == "POST" and form.is_valid():
        changes = form.cleaned_data
        if with_errors(form, lambda: actions.update_event(event=event, changes=changes, by=user)):
            messages.success(request, _("Saved."))
            return redirect(back)
    return form_page(request, form, {"title": _("Edit the event"), "cancel_url": back})


@policy.route("events.event.organise")
def event_text(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write the text in one language; `?language=` opens the one that is there."""
    event = organised_event(request, pk)
    there = {text.language: text for text in event.texts.all()}
    text = there.get(request.GET.get("language", ""))
    initial = {n: getattr(text, n) for n in ("language", "title", "theme", "description")} if text else {}
    form = forms.TextForm(request.POST or None, initial=initial)
    back = reverse("event_detail", args=[event.pk])
    if request.method == "POST" and form.is_valid():
        actions.set_event_text(event=event, by=user_of(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect(back)
    return form_page(request, form, {"title": _("Text in another language"), "cancel_url": back})


@policy.route("events.event.organise")
@require_POST
def event_do(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """One step of an event's life, by name."""
    if verb not in STEPS:
        raise Http404
    event = STEPS[verb](event=organised_event(request, pk), by=user_of(request))
    messages.success(
        request,
        _("%(event)s: %(status)s") % {"event": event_name(event), "status": event.get_status_display()},
    )
    return redirect("event_detail", pk=event.pk)


# --- slots, tables, interpreters --------------------------------------------------------------------------
@policy.route("events.event.organise")
def event_setup(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Slots, tables and interpreters on one page; each form posts for itself."""
    event = organised_event(request, pk)
    user = user_of(request)
    which = request.POST.get("part", "")
    slots = forms.SlotsForm(request.POST if which == "slots" else None, event=event)
    tables = forms.TablesForm(request.POST if which == "tables" else None)
    helpers = forms.InterpreterForm(request.POST if which == "interpreter" else None, event=event)
    done: object = None
    if which == "slots" and slots.is_valid():
        done = with_errors(slots, lambda: actions.make_slots(event=event, by=user, **slots.values()))
    elif which == "tables" and tables.is_valid():
        done = with_errors(tables, lambda: actions.make_tables(event=event, by=user, **tables.cleaned_data))
    elif which == "interpreter" and helpers.is_valid():
        done = with_errors(
            helpers, lambda: actions.add_interpreter(event=event, by=user, **helpers.cleaned_data)
        )
    elif which == "clear":
        actions.clear_slots(event=event, by=user)
        done = True
    if done is not None:
        messages.success(request, _("Saved."))
        return redirect("event_setup", pk=event.pk)
    return page(
        request,
        "events/event_setup.html",
        {
            **event_context(request, event, "event_setup"),
            **_setup_context(event),
            "slots_form": slots,
            "tables_form": tables,
            "interpreter_form": helpers,
        },
        status=422 if request.method == "POST" else 200,
    )


def _setup_context(event: Event) -> dict[str, Any]:
    slots = list(event.slots.order_by("during"))
    days: dict[str, list[str]] = {}
    for slot in slots:
        day, _comma, clock = clock_time(event, slot.during.lower).rpartition(", ")
        days.setdefault(day, []).append(clock)
    return {
        "slots": slots,
        "days": days.items(),
        "tables": [(table_name(t), t.is_online) for t in event.tables.all()],
        "interpreters": [(i, shapes.spoken(i.languages)) for i in event.interpreters.order_by("name", "pk")],
    }


@policy.route("events.event.organise")
@require_POST
def interpreter_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    mine = Interpreter.objects.filter(event__in=policies.organised_events(request.user))
    interpreter = get_object_or_404(mine.select_related("event"), pk=pk)
    actions.remove_interpreter(interpreter=interpreter, by=user_of(request))
    return redirect("event_setup", pk=interpreter.event_id)
