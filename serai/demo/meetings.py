"""Three editions of a matchmaking event: one is over, one has its schedule, one takes registrations."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from serai.accounts.models import Membership, User
from serai.core.errors import SeraiError
from serai.demo.exchange import Market
from serai.demo.network import Network
from serai.events import actions as events
from serai.events.models import Event, Meeting, MeetingRequest, Outcome, Participant
from serai.exchange.models import Listing

SERIES = "Serai Matchmaking Days (demonstration)"
TITLES = {
    "en": ("Serai Matchmaking Days", "Water, energy, health: partners across languages"),
    "zh": ("驿站国际创新对接会", "水、能源与健康：跨越语言的合作"),
    "fr": ("Rencontres d'innovation du Serai", "Eau, énergie, santé : des partenaires au-delà des langues"),
    "es": ("Jornadas de encuentro Serai", "Agua, energía y salud: socios sin fronteras de idioma"),
    "ru": ("Дни деловых встреч «Серай»", "Вода, энергия, здоровье: партнёры на разных языках"),
    "ar": ("أيام سراي للقاءات الأعمال", "المياه والطاقة والصحة: شركاء عبر اللغات"),
    "de": ("Serai-Kooperationstage", "Wasser, Energie, Gesundheit: Partner über Sprachen hinweg"),
}  # fmt: skip
DESCRIPTIONS = {
    "en": "Two days of one-to-one meetings between offers and requests of the network. Invented.",
    "zh": "为期两天的一对一洽谈，对接网络中的技术供给与需求。内容均为虚构。",
    "fr": "Deux jours de rencontres individuelles entre les offres et les demandes du réseau. Contenu inventé.",
    "es": "Dos días de reuniones individuales entre ofertas y demandas de la red. Contenido inventado.",
    "ru": "Два дня встреч один на один между предложениями и запросами сети. Вымышлено.",
    "ar": "يومان من اللقاءات الثنائية بين عروض الشبكة وطلباتها. محتوى مُتخيَّل.",
    "de": "Zwei Tage Einzelgespräche zwischen Angeboten und Gesuchen des Netzes. Erfunden.",
}
VENUE = "驿站示范会堂 · Serai Demonstration Hall"
"""A venue has one name, as on the door: here in the language of the place and in that of the guests."""

PAST_TITLES = {
    "water": {
        "en": "Seminar on water reuse",
        "zh": "水资源再利用研讨会",
        "fr": "Séminaire sur la réutilisation de l'eau",
        "es": "Seminario sobre la reutilización del agua",
        "ru": "Семинар по повторному использованию воды",
        "ar": "ندوة حول إعادة استخدام المياه",
    },
    "ventures": {
        "en": "Roadshow of early ventures",
        "zh": "初创企业路演",
        "fr": "Tournée des jeunes entreprises",
        "es": "Gira de empresas emergentes",
        "ru": "Роуд-шоу молодых компаний",
        "ar": "جولة تعريفية بالشركات الناشئة",
    },
    "parks": {
        "en": "Forum of science parks",
        "zh": "科技园区论坛",
        "fr": "Forum des parcs scientifiques",
        "es": "Foro de parques científicos",
        "ru": "Форум научных парков",
        "ar": "منتدى الحدائق العلمية",
    },
    "transfer": {
        "en": "Training for transfer officers",
        "zh": "技术转移人员培训",
        "fr": "Formation des chargés de transfert",
        "es": "Formación de responsables de transferencia",
        "ru": "Обучение специалистов по трансферу технологий",
        "ar": "تدريب مسؤولي نقل التكنولوجيا",
    },
    "farming": {
        "en": "Seminar on dry-land farming",
        "zh": "旱地农业研讨会",
        "fr": "Séminaire sur l'agriculture en zone aride",
        "es": "Seminario sobre agricultura de secano",
        "ru": "Семинар по земледелию в засушливых районах",
        "ar": "ندوة حول الزراعة في الأراضي الجافة",
    },
    "health": {
        "en": "Roadshow: health devices",
        "zh": "医疗器械路演",
        "fr": "Tournée : dispositifs médicaux",
        "es": "Gira: dispositivos médicos",
        "ru": "Роуд-шоу: медицинские приборы",
        "ar": "جولة تعريفية: الأجهزة الطبية",
    },
    "managers": {
        "en": "Training for park managers",
        "zh": "园区管理人员培训",
        "fr": "Formation des gestionnaires de parcs",
        "es": "Formación de gestores de parques",
        "ru": "Обучение руководителей парков",
        "ar": "تدريب مديري الحدائق العلمية",
    },
    "storage": {
        "en": "Seminar on storage without lithium",
        "zh": "无锂储能研讨会",
        "fr": "Séminaire sur le stockage sans lithium",
        "es": "Seminario sobre almacenamiento sin litio",
        "ru": "Семинар по накопителям без лития",
        "ar": "ندوة حول تخزين الطاقة من دون ليثيوم",
    },
}
INTERPRETERS = (
    ("Interpreter A (invented)", ["zh", "en"]),
    ("Interpreter B (invented)", ["ru", "en"]),
    ("Interpreter C (invented)", ["ar", "en", "fr"]),
    ("Interpreter D (invented)", ["es", "en"]),
)


@dataclass(frozen=True)
class Size:
    participants: int
    requests: int
    tables: int
    days: int


def _organiser(network: Network) -> User:
    manager = network.managers["cn-yuhe"]
    Membership.objects.get_or_create(
        user=manager,
        organisation=network.organisations["cn-yuhe"],
        role=Membership.Role.EVENT_ORGANISER,
        status=Membership.Status.ACTIVE,
    )
    return manager


def _event(network: Network, *, edition: int, first_day: date, size: Size, by: User) -> Event:
    starts = datetime.combine(first_day, time(1, 0), tzinfo=UTC)  # nine in the morning in Beijing
    title, theme = TITLES["en"]
    event = events.create_event(
        kind=Event.Kind.MATCHMAKING,
        title=title,
        language="en",
        hosts=[network.organisations["cn-yuhe"]],
        time_zone="Asia/Shanghai",
        starts_at=starts,
        ends_at=starts + timedelta(days=size.days - 1, hours=8),
        by=by,
        theme=theme,
        description=DESCRIPTIONS["en"],
        series=SERIES,
        edition=edition,
        place=network.places["CN"],
        venue=VENUE,
        languages=list(TITLES),
        registration_until=starts - timedelta(days=3),
        requests_until=starts - timedelta(days=2),
        is_invented=True,
    )
    for language, (title, theme) in TITLES.items():
        if language != "en":
            description = DESCRIPTIONS[language]
            events.set_event_text(
                event=event, language=language, title=title, theme=theme, description=description, by=by
            )
    days = [first_day + timedelta(days=n) for n in range(size.days)]
    events.make_slots(
        event=event,
        days=days,
        begin=time(9),
        end=time(16),
        minutes=25,
        gap_min=5,
        pauses=[(time(12), time(13))],
        by=by,
    )
    events.make_tables(event=event, count=size.tables, by=by)
    for name, languages in INTERPRETERS:
        events.add_interpreter(event=event, name=name, languages=languages, by=by)
    events.announce_event(event=event, by=by)
    return events.open_registration(event=event, by=by)


def open_event(
    network: Network,
    market: Market,
    *,
    edition: int,
    first_day: date,
    size: Size,
    tell: Callable[[str], None],
    without: Container[str] = (),
) -> Event:
    """An event with its participants and requests, open for more; organisations in `without` stay away."""
    by = _organiser(network)
    with transaction.atomic():
        event = _event(network, edition=edition, first_day=first_day, size=size, by=by)
        keys = [key for key in network.organisations if key not in without]
        people = _participants(network, market, event, keys, size.participants, by)
    tell(f"{len(people)} participants")
    with transaction.atomic():
        asked = _requests(network, market, event, people, size.requests)
    tell(f"{asked} meeting requests")
    return event


def publish_schedule(network: Network, event: Event, tell: Callable[[str], None]) -> Event:
    """Close registration, compute the schedule and publish it."""
    by = _organiser(network)
    event = events.close_registration(event=event, by=by)
    run = events.start_schedule(event=event, by=by, seed=1, in_background=False)
    run = events.run_schedule(run=run)
    events.publish_schedule(run=run, by=by)
    tell(
        f"schedule: {run.granted} of {run.asked} requests, weight {run.weight:g} of at most {run.weight_bound:g}"
    )
    event.refresh_from_db()
    return event


def _participants(
    network: Network, market: Market, event: Event, keys: list[str], count: int, by: User
) -> list[Participant]:
    shown: dict[str, Listing] = {}
    for listing in market.listings:
        if listing.status == Listing.Status.PUBLISHED:
            shown.setdefault(str(listing.organisation_id), listing)
    people: list[Participant] = []
    for number in range(3):  # managers first, then colleagues, until there are enough
        for key in keys:
            organisation, members = network.organisations[key], network.members_of(key)
            if len(people) == count:
                return people
            if number >= len(members):
                continue
            user = members[number]
            people.append(
                events.confirm_participant(
                    participant=events.register_participant(
                        event=event,
                        organisation=organisation,
                        languages=sorted(
                            {
                                network.languages[key],
                                *(["en"] if network.rng.random() < 0.7 or not number else []),
                            }
                        ),
                        by=user,
                        listing=shown.get(str(organisation.pk)),
                        max_meetings=network.rng.choice([None, None, 8, 10]),
                        consent_listed=True,
                    ),
                    by=by,
                )
            )
    return people


def _requests(network: Network, market: Market, event: Event, people: list[Participant], count: int) -> int:
    """Those whose listings meet ask first, then by chance; most are accepted, some declined, some left open."""
    by_organisation: dict[object, list[Participant]] = {}
    for participant in people:
        by_organisation.setdefault(participant.organisation_id, []).append(participant)
    wanted: list[tuple[Participant, Participant, Listing | None]] = [
        (asks, asked, offer)
        for offer, request in market.pairs
        for asks in by_organisation.get(request.organisation_id, [])[:1]
        for asked in by_organisation.get(offer.organisation_id, [])[:1]
    ]
    asked_pairs: set[frozenset[object]] = set()
    made = 0
    while made < count:
        if wanted:
            asks, asked, listing = wanted.pop(0)
        else:
            asks, asked = network.rng.sample(people, 2)
            listing = asked.listing
        pair = frozenset((asks.pk, asked.pk))
        if asks.organisation_id == asked.organisation_id or pair in asked_pairs or len(pair) < 2:
            continue
        asked_pairs.add(pair)
        shows = listing if listing is not None and listing.status == Listing.Status.PUBLISHED else None
        try:
            with transaction.atomic():
                _request(network, asks, asked, shows, made)
        except SeraiError:  # no common language or time: the form would have said so, another pair is tried
            continue
        made += 1
    return made


def _request(
    network: Network, asks: Participant, asked: Participant, listing: Listing | None, number: int
) -> None:
    strengths = MeetingRequest.Strength
    request = events.ask_for_meeting(
        requester=asks,
        invitee=asked,
        by=asks.user,
        strength=network.rng.choice([strengths.MUST, strengths.WANT, strengths.WANT, strengths.MAYBE]),
        listing=listing,
    )
    if number % 12 == 11:
        events.decline_request(request=request, reason="no_fit", by=asked.user)
    elif number % 15 != 14:
        events.accept_request(
            request=request,
            by=asked.user,
            strength=network.rng.choice([strengths.WANT, strengths.MAYBE, strengths.MUST]),
        )


def _move_back(event: Event, days: int) -> Event:
    """Move a planned event into the past. Nobody registers for a past event, and the demonstration cannot wait
    five weeks: the times are moved as one, everything before and after is the actions' doing."""
    back = timedelta(days=days)
    with connection.cursor() as cursor:
        shift = "tstzrange(lower(during) - %(back)s, upper(during) - %(back)s)"
        values: dict[str, Any] = {"back": back, "event": event.pk}
        cursor.execute(f"UPDATE events_slot SET during = {shift} WHERE event_id = %(event)s", values)  # noqa: S608
        cursor.execute(
            f"UPDATE events_meetingseat SET during = {shift} WHERE meeting_id IN "  # noqa: S608
            "(SELECT id FROM events_meeting WHERE event_id = %(event)s)",
            values,
        )
    Event.objects.filter(pk=event.pk).update(
        starts_at=F("starts_at") - back,
        ends_at=F("ends_at") - back,
        registration_until=F("registration_until") - back,
        requests_until=F("requests_until") - back,
    )
    event.refresh_from_db()
    return event


def finish_event(network: Network, event: Event) -> list[Meeting]:
    """The event is over: most meetings were held, both sides were asked and most said what came of it."""
    by = _organiser(network)
    with transaction.atomic():
        event = _move_back(event, 60)
        if event.status == Event.Status.CLOSED:
            event = events.start_event(event=event, by=by)
        for participant in event.participants.filter(status=Participant.Status.CONFIRMED):
            events.check_in(participant=participant, by=by)
        held = []
        for number, meeting in enumerate(
            event.meetings.filter(status=Meeting.Status.CONFIRMED).order_by("slot__during", "pk")
        ):
            if number % 19 == 18:
                events.mark_no_show(meeting=meeting, by=by)
            else:
                held.append(events.mark_held(meeting=meeting, by=by))
        events.ask_for_outcomes(now=timezone.now())
        _answer(network, event)
        events.report_event(event=events.end_event(event=event, by=by), by=by)
    return held


def _answer(network: Network, event: Event) -> None:
    kinds = Outcome.Kind
    asked = Outcome.objects.filter(meeting__event=event, answered_at__isnull=True, asked_after_months=0)
    for number, outcome in enumerate(asked.select_related("participant__user").order_by("meeting_id", "pk")):
        if number % 7 == 6:
            continue
        kind = (kinds.NEGOTIATE, kinds.STAY_IN_TOUCH, kinds.STAY_IN_TOUCH, kinds.NO_NEXT_STEP)[
            (number // 2) % 4
        ]
        events.record_outcome(outcome=outcome, kind=kind, by=outcome.participant.user, rating=3 + number % 3)


def past_activities(network: Network) -> int:
    """Forums and seminars of earlier years, held and reported."""
    by = _organiser(network)
    made = 0
    held = (
        ("water", Event.Kind.SEMINAR, 2023, 4, "EG", "Africa/Cairo"),
        ("ventures", Event.Kind.ROADSHOW, 2023, 9, "PL", "Europe/Warsaw"),
        ("parks", Event.Kind.FORUM, 2024, 5, "CN", "Asia/Shanghai"),
        ("transfer", Event.Kind.TRAINING, 2024, 10, "KE", "Africa/Nairobi"),
        ("farming", Event.Kind.SEMINAR, 2025, 3, "KZ", "Asia/Almaty"),
        ("health", Event.Kind.ROADSHOW, 2025, 6, "KR", "Asia/Seoul"),
        ("parks", Event.Kind.FORUM, 2025, 11, "MA", "Africa/Casablanca"),
        ("managers", Event.Kind.TRAINING, 2026, 2, "FR", "Europe/Paris"),
        ("storage", Event.Kind.SEMINAR, 2026, 6, "SE", "Europe/Stockholm"),
    )
    for theme, kind, year, month, country, zone in held:
        starts = datetime(year, month, 12, 8, 0, tzinfo=UTC)
        titles = PAST_TITLES[theme]
        with transaction.atomic():
            event = events.create_event(
                kind=kind,
                title=titles["en"],
                language="en",
                hosts=[network.organisations["cn-yuhe"]],
                time_zone=zone,
                starts_at=starts,
                ends_at=starts + timedelta(hours=8),
                by=by,
                place=network.places[country],
                languages=["en"],
                is_invented=True,
            )
            for language, title in titles.items():
                if language != "en":
                    events.set_event_text(event=event, language=language, title=title, by=by)
            for step in (
                events.announce_event,
                events.open_registration,
                events.close_registration,
                events.start_event,
                events.end_event,
                events.report_event,
            ):
                event = step(event=event, by=by)
        made += 1
    return made
