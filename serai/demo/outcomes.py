"""What contacts became: cases, agreements, projects, joint facilities and results of several years."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from serai.agreements import actions as agreements
from serai.agreements.actions.drafting import NewParty, NewText, Terms
from serai.agreements.models import Agreement
from serai.cooperation import actions as cooperation
from serai.cooperation.actions.facilities import NewFacilityText
from serai.cooperation.actions.projects import NewProjectParty, NewProjectText
from serai.cooperation.models import Case, Facility, Project, ProjectParty, Result
from serai.core import audit
from serai.core.tiers import Tier
from serai.demo.exchange import Market
from serai.demo.network import Network
from serai.directory.models import Organisation, Place
from serai.events.models import Meeting
from serai.exchange.models import Interest

FIELDS = ("health", "energy", "materials", "transport", "agri", "environ", "ict", "ocean")
_SECTOR: dict[str, str] = {
    Organisation.Kind.UNIVERSITY: ProjectParty.Sector.UNIVERSITY,
    Organisation.Kind.INSTITUTE: ProjectParty.Sector.RESEARCH,
    Organisation.Kind.INVESTOR: ProjectParty.Sector.FINANCE,
    Organisation.Kind.MINISTRY: ProjectParty.Sector.GOVERNMENT,
}


def build_outcomes(network: Network, market: Market, meetings: list[Meeting]) -> dict[str, int]:
    """Carry accepted interests and good meetings on to results. Returns what was made, counted."""
    keys = {organisation.pk: key for key, organisation in network.organisations.items()}
    cases = _cases(network, market, meetings, keys)
    made = {"cases": len(cases), "agreements": 0, "projects": 0, "facilities": 0, "results": 0}
    for number, case in enumerate(cases):
        with transaction.atomic():
            if number % 3 == 2:
                continue  # still in contact
            by = case.owner or network.secretary
            agreement = _conclude(network, case, keys, number)
            made["agreements"] += 1
            if agreement.status != Agreement.Status.IN_FORCE:
                continue
            if number % 4 == 0:
                facility = _facility(network, case, agreement, by, number)
                made["facilities"] += 1
                made["results"] += _result(network, by, number, facility=facility)
            else:
                project = _project(network, case, agreement, by, number)
                made["projects"] += 1
                made["results"] += _result(network, by, number, project=project)
    governments = _between_governments(network, keys)
    made["facilities"] += _older_facilities(network, keys, governments)
    made["agreements"] += len(governments) + len(_FACILITIES)
    return made


def _cases(network: Network, market: Market, meetings: list[Meeting], keys: dict[Any, str]) -> list[Case]:
    cases: dict[Any, Case] = {}  # a meeting may lead on the case its interest opened
    for interest in market.interests:
        if interest.status != Interest.Status.ACCEPTED:
            continue
        owner = network.managers[keys[interest.listing.organisation_id]]
        with transaction.atomic():
            case = cooperation.open_case_from_interest(interest=interest, by=owner)
        cases[case.pk] = case
    good = [m for m in meetings if m.outcomes.filter(kind="negotiate").exists()]
    for meeting in good[:12]:
        owner = network.managers[keys[meeting.request.requester.organisation_id]]
        with transaction.atomic():
            case = cooperation.open_case_from_meeting(meeting=meeting, by=owner)
        cases[case.pk] = case
    return list(cases.values())


def _conclude(network: Network, case: Case, keys: dict[Any, str], number: int) -> Agreement:
    by = case.owner or network.secretary
    signed = timezone.localdate() - timedelta(days=60 + 47 * (number % 26))
    kind = (Agreement.Kind.COOPERATION, Agreement.Kind.MOU, Agreement.Kind.LICENCE)[number % 3]
    if number % 4 == 0:
        kind = Agreement.Kind.JOINT_LABORATORY
    agreement = cooperation.conclude_agreement(
        case=case,
        terms=Terms(
            kind=kind,
            tier=Tier.PUBLIC,
            fields=[FIELDS[number % len(FIELDS)]],
            ends_on=signed + timedelta(days=365 * 4 + 90 * (number % 4)),
        ),
        texts=[NewText(language=case.language, title=case.title, summary="", is_authentic=True)],
        by=by,
    )
    _sign(network, agreement, by, signed, keys)
    agreement.refresh_from_db()
    if agreement.status == Agreement.Status.SIGNED:
        agreement = agreements.enter_into_force(agreement=agreement, on=signed + timedelta(days=14), by=by)
    party = agreement.parties.order_by("pk").first()
    if party is not None:
        agreements.add_commitment(
            party=party,
            text="Name a contact person and open the test site.",
            language="en",
            due_on=timezone.localdate() + timedelta(days=20 + number),
            by=by,
        )
    return agreement


_WORDING = (
    "Article 1. The parties work together on what the title names.\n"
    "Article 2. Each party bears its own cost, and keeps what it brings.\n"
    "Article 3. What comes of it belongs to those who made it; the others may use it for research.\n"
    "(Invented for the demonstration; nobody has agreed to this.)"
)


def _sign(
    network: Network,
    agreement: Agreement,
    by: Any,
    signed: date,
    keys: dict[Any, str],
    signatory: str = "",
    office: str = "Director",
) -> None:
    """Every party consents to the wording, then signs it; a country without an organisation here through `by`."""
    agreements.move_agreement(agreement=agreement, to=Agreement.Status.NEGOTIATION, by=by)
    agreements.write_body(agreement=agreement, language="en", body=_WORDING, by=by)
    parties = [
        (party, network.managers.get(keys.get(party.organisation_id, ""), by))
        for party in agreement.parties.order_by("pk")
    ]
    for party, signer in parties:
        agreements.consent_to_wording(party=party, version=1, by=signer)
    agreements.move_agreement(agreement=agreement, to=Agreement.Status.APPROVED, by=by)
    for party, signer in parties:
        agreements.record_signature(
            party=party,
            signed_on=signed,
            by=signer,
            signatory=signatory or f"{signer.name} (invented)",
            signatory_office=office,
        )


def _facility(network: Network, case: Case, agreement: Agreement, by: Any, number: int) -> Facility:
    hosts = list(case.parties.order_by("name"))
    founded = (agreement.in_force_on or timezone.localdate()) + timedelta(days=30)
    facility = cooperation.propose_facility(
        by=by,
        kind=Facility.Kind.JOINT_LABORATORY,
        texts=[NewFacilityText(language=case.language, name=case.title)],
        hosts=hosts,
        place=hosts[0].country,
        field=FIELDS[number % len(FIELDS)],
        latitude=hosts[0].latitude,
        longitude=hosts[0].longitude,
        case=case,
        agreement=agreement,
        is_invented=True,
    )
    return _operate(facility, by, min(founded, timezone.localdate()))


def _operate(facility: Facility, by: Any, founded: date) -> Facility:
    for step in (Facility.Status.FEASIBILITY, Facility.Status.APPROVED, Facility.Status.OPERATING):
        facility = cooperation.move_facility(facility=facility, to=step, by=by, on=founded)
    return facility


def _project(network: Network, case: Case, agreement: Agreement, by: Any, number: int) -> Project:
    parties = list(case.parties.order_by("name"))
    share = Decimal("100") / len(parties)
    project = cooperation.create_project(
        by=by,
        texts=[NewProjectText(language=case.language, title=case.title)],
        parties=[
            NewProjectParty(
                organisation=organisation,
                sector=_SECTOR.get(organisation.kinds[0], ProjectParty.Sector.INDUSTRY),
                brings="Team and test site",
                benefit_percent=share.quantize(Decimal("0.01")),
            )
            for organisation in parties
        ],
        case=case,
        agreement=agreement,
        field=FIELDS[number % len(FIELDS)],
        sdgs=[9, 17],
        trl_start=5,
        trl_end=8,
        tier=Tier.PUBLIC,
        starts_on=agreement.in_force_on,
        is_invented=True,
    )
    audit.process_followers()  # the case learns from the log that its agreement is signed
    landed = min((agreement.in_force_on or timezone.localdate()) + timedelta(days=120), timezone.localdate())
    place: Place | None = parties[-1].country
    if number % 5 == 3 or place is None:
        return project
    return cooperation.land_project(project=project, on=landed, place=place, by=by)


def _result(network: Network, by: Any, number: int, **of: Any) -> int:
    if number % 3 == 1 and "project" in of and of["project"].status == Project.Status.SIGNED:
        return 0
    kinds = (Result.Kind.PILOT, Result.Kind.PUBLICATION, Result.Kind.JOBS, Result.Kind.PATENT)
    kind = kinds[number % 4]
    amounts = {Result.Kind.JOBS: (Decimal(4 + number), "jobs")}
    amount, unit = amounts.get(kind, (None, ""))
    result = cooperation.report_result(
        by=by,
        kind=kind,
        title="First pilot in use (invented)" if kind == Result.Kind.PILOT else "Joint outcome (invented)",
        language="en",
        achieved_on=timezone.localdate() - timedelta(days=10 + number),
        amount=amount,
        unit=unit,
        evidence_url="https://demo.example/evidence",
        is_invented=True,
        **of,
    )
    if number % 4 != 3:
        cooperation.validate_result(result=result, by=network.steward)
    return 1


_GOVERNMENTS = (
    ("CN", "TH", date(2021, 5, 20)), ("CN", "PL", date(2022, 3, 8)), ("CN", "EG", date(2022, 10, 17)),
    ("CN", "KZ", date(2023, 6, 2)), ("CN", "ZA", date(2023, 8, 24)), ("CN", "LK", date(2024, 1, 15)),
    ("TH", "VN", date(2024, 4, 9)), ("CN", "BR", date(2024, 11, 5)), ("TH", "LK", date(2025, 2, 27)),
    ("CN", "MA", date(2025, 9, 12)), ("TH", "ID", date(2026, 1, 22)), ("CN", "KE", date(2026, 5, 6)),
)  # fmt: skip


def _between_governments(network: Network, keys: dict[Any, str]) -> dict[str, Agreement]:
    """The agreements by the codes of their countries: "CN PL"."""
    office = {"CN": "cn-keji", "TH": "th-office", "LK": "lk-lanka"}
    made = {}
    for number, (first, second, signed) in enumerate(_GOVERNMENTS):
        by = network.managers[office[first]]
        names = f"{first} – {second}"
        with transaction.atomic():
            agreement = agreements.draft_agreement(
                by=by,
                terms=Terms(
                    kind=Agreement.Kind.INTERGOVERNMENTAL,
                    level=Agreement.Level.NATIONAL,
                    tier=Tier.PUBLIC,
                    fields=[FIELDS[number % len(FIELDS)]],
                    ends_on=signed + timedelta(days=365 * 6),
                    renewal=Agreement.Renewal.TACIT,
                    term_months=60,
                ),
                parties=[
                    NewParty(organisation=network.organisations[office[first]], place=network.places[first]),
                    NewParty(
                        organisation=network.organisations[office[second]] if second in office else None,
                        place=network.places[second],
                    ),
                ],
                texts=[
                    NewText(
                        language="en",
                        title=f"Agreement on science and technology cooperation, {names} (invented)",
                        is_authentic=True,
                    )
                ],
                is_invented=True,
            )
            _sign(network, agreement, by, signed, keys, "For the government (invented)", "Minister")
            made[f"{first} {second}"] = agreements.enter_into_force(
                agreement=agreement, on=signed + timedelta(days=30), by=by
            )
    return made


_FACILITIES = (
    (Facility.Kind.DEMONSTRATION_CENTRE, "nl-polder", "Water-saving rice demonstration centre (invented)", "VN", "agri", 2021),
    (Facility.Kind.DEMONSTRATION_CENTRE, "pt-mareasul", "Ocean farming demonstration centre (invented)", "PT", "ocean", 2022),
    (Facility.Kind.DEMONSTRATION_CENTRE, "it-fonte", "Soil demonstration farm (invented)", "KE", "agri", 2024),
    (Facility.Kind.OVERSEAS_PARK, "cn-haichuan", "海川海外科技园(示例)", "PL", "manufact", 2022),
    (Facility.Kind.OVERSEAS_PARK, "cn-haichuan", "海川北非科技园(示例)", "MA", "energy", 2024),
    (Facility.Kind.OVERSEAS_PARK, "kz-tengri", "Парк «Тенгри», площадка за рубежом (пример)", "UZ", "agri", 2025),
    (Facility.Kind.TRANSFER_CENTRE, "my-bakau", "Transfer centre for the ASEAN region (invented)", "MY", "ict", 2021),
    (Facility.Kind.TRANSFER_CENTRE, "ke-baobab", "Transfer centre for East Africa (invented)", "KE", "environ", 2023),
    (Facility.Kind.TRANSFER_CENTRE, "cn-yuhe", "面向中亚的技术转移中心(示例)", "KZ", "materials", 2024),
)  # fmt: skip
_SERVED = {"my-bakau": "x-asean", "ke-baobab": "x-au", "cn-yuhe": "x-sco"}
_PARTNERS = {
    "VN": ["vn-songhong"],
    "PT": ["ma-atlas"],
    "KE": ["ke-baobab", "za-protea"],
    "PL": ["pl-bursztyn", "cn-keji"],
    "MA": ["ma-atlas"],
    "UZ": ["uz-ipak"],
    "MY": ["th-chao"],
    "KZ": ["kz-tengri", "cn-keji"],
}
"""With whom a facility in a country was agreed; where the ministry is a party, under the governments' agreement."""


def _older_facilities(network: Network, keys: dict[Any, str], governments: dict[str, Agreement]) -> int:
    for kind, key, name, country, science, year in _FACILITIES:
        organisation = network.organisations[key]
        served = [network.places[_SERVED[key]]] if kind == Facility.Kind.TRANSFER_CENTRE else []
        language = network.languages[key] if not name.isascii() else "en"
        with transaction.atomic():
            parties = [key, *(partner for partner in _PARTNERS[country] if partner != key)]
            earlier = governments[f"CN {country}"] if "cn-keji" in parties else None
            agreement = _implementing(network, keys, parties, name, language, science, year, earlier)
            facility = cooperation.propose_facility(
                by=network.managers[key],
                kind=kind,
                texts=[NewFacilityText(language=language, name=name)],
                hosts=[organisation],
                place=network.places[country],
                region_served=served,
                field=science,
                agreement=agreement,
                is_invented=True,
            )
            _operate(facility, network.managers[key], date(year, 4, 1))
    return len(_FACILITIES)


def _implementing(
    network: Network,
    keys: dict[Any, str],
    parties: list[str],
    title: str,
    language: str,
    science: str,
    year: int,
    earlier: Agreement | None,
) -> Agreement:
    by = network.managers["cn-keji" if earlier else parties[0]]
    agreement = agreements.draft_agreement(
        by=by,
        terms=Terms(kind=Agreement.Kind.IMPLEMENTING, tier=Tier.PUBLIC, fields=[science]),
        parties=[NewParty(organisation=network.organisations[party]) for party in parties],
        texts=[NewText(language=language, title=title, is_authentic=True)],
        follows=earlier,
        is_invented=True,
    )
    _sign(network, agreement, by, date(year, 3, 20), keys)
    return agreements.enter_into_force(agreement=agreement, on=date(year, 3, 25), by=by)
