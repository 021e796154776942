"""From a checked seed to a node, through the actions: what they refuse, no file can bring in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from serai.accounts import actions as accounts
from serai.accounts.models import Membership, NodeRole
from serai.accounts.models import User as UserRow
from serai.agreements import actions as agreements
from serai.agreements.actions.drafting import NewParty, NewText, Terms
from serai.agreements.models import Agreement as AgreementRow
from serai.core.errors import Invalid, SeraiError
from serai.demo.seeding.ids import Ids
from serai.demo.seeding.shape import (
    Agreement,
    Event,
    Interest,
    Listing,
    Organisation,
    Request,
    Seed,
    SeedError,
    User,
)
from serai.directory import actions as directory
from serai.directory import criteria
from serai.directory.actions.entries import Facts
from serai.directory.actions.verification import Finding
from serai.directory.models import Organisation as OrganisationRow
from serai.directory.models import OrganisationName, Place
from serai.events import actions as events
from serai.events.models import Participant as ParticipantRow
from serai.exchange import actions as exchange
from serai.exchange.actions.reviews import Scores
from serai.exchange.models import Interest as InterestRow
from serai.exchange.models import Listing as ListingRow

TOKEN_LIFE = timedelta(days=90)
_NO_WORDING = "The parties work together on what the title names."


@dataclass
class Built:
    """Section → key → id; user key → secret of the token. Ids are the same each time, secrets are not."""

    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


def build(seed: Seed, *, number: int) -> Built:
    """Make everything, or nothing. `number` is the seed of the ids. Raises SeedError naming the entry."""
    builder = _Builder(Ids(number))
    with transaction.atomic(), builder.ids.given():
        for section, make in (
            ("users", builder.user),
            ("organisations", builder.organisation),
            ("listings", builder.listing),
            ("interests", builder.interest),
            ("events", builder.event),
            ("agreements", builder.agreement),
        ):
            for place, entry in enumerate(getattr(seed, section)):
                builder.ids.begin(f"{section} {entry.key}")
                with _at(f"$.{section}[{place}]"):
                    row = make(entry)
                builder.rows[section, entry.key] = row
                builder.built.ids.setdefault(section, {})[entry.key] = str(row.pk)
    return builder.built


@contextmanager
def _at(place: str) -> Iterator[None]:
    try:
        yield
    except SeraiError as error:
        fields = "".join(f"\n{place}.{name}: {text}" for name, text in error.fields.items())
        raise SeedError(f"{place}: {error}{fields}") from error


class _Builder:
    """Keeps what was made, by section and key."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.built = Built()
        self.rows: dict[tuple[str, str], Any] = {}
        self.managers: dict[str, UserRow] = {}

    def user(self, entry: User) -> UserRow:
        if UserRow.objects.filter(email__iexact=entry.email).exists():
            raise Invalid(f"Somebody has the address {entry.email} already.")
        given = {name: getattr(entry, name) for name in ("native_name", "language", "reads", "time_zone")}
        row = UserRow.objects.create_user(entry.email, entry.password, name=entry.name, **given)
        EmailAddress.objects.create(user=row, email=row.email, verified=True, primary=True)
        for role in entry.roles:
            accounts.grant_node_role(user=row, role=role, by=None)
        if entry.token != "none":  # noqa: S105  a scope
            end = timezone.now() + TOKEN_LIFE
            _token, secret = accounts.create_token(by=row, name="seed", scope=entry.token, expires_at=end)
            self.built.tokens[entry.key] = secret
        return row

    def organisation(self, entry: Organisation) -> OrganisationRow:
        manager = next((m for m in entry.members if m.role == Membership.Role.MANAGER), None)
        country = Place.objects.filter(code=entry.country).first()
        if manager is None or country is None:
            raise Invalid(
                "One member must be its manager." if country else f"No place has the code {entry.country!r}."
            )
        by = self.rows["users", manager.user]
        first, *others = entry.names
        facts = Facts(kinds=entry.kinds, country=country, city=entry.city, website=entry.website)
        row = directory.register_organisation(
            by=by, name=first.text, name_language=first.language, facts=facts
        )
        for name in others:
            directory.add_name(
                organisation=row,
                by=by,
                text=name.text,
                language=name.language,
                kind=OrganisationName.Kind.LABEL,
            )
        for member in entry.members:
            Membership.objects.get_or_create(
                user=self.rows["users", member.user],
                organisation=row,
                role=member.role,
                status=Membership.Status.ACTIVE,
            )
        self.managers[entry.key] = by
        if entry.status != "draft":
            directory.submit_for_verification(organisation=row, by=by)
        if entry.status == "verified":
            steward = self._steward()
            directory.take_up_verification(organisation=row, by=steward)
            findings = {name: Finding(True, "Seeded; nothing was checked.") for name in criteria.NAMES}
            directory.verify_organisation(organisation=row, by=steward, findings=findings)
        row.refresh_from_db()
        return row

    def _steward(self) -> UserRow:
        role = NodeRole.objects.filter(role=NodeRole.Role.STEWARD).order_by("created_at", "pk").first()
        if role is None:
            raise Invalid("Verifying and publishing need a steward: give a user the role 'steward'.")
        return role.user

    def listing(self, entry: Listing) -> ListingRow:
        by = self.managers[entry.organisation]
        row = exchange.create_listing(
            organisation=self.rows["organisations", entry.organisation],
            direction=entry.direction,
            kind=entry.kind,
            language=entry.language,
            disclosure=entry.disclosure,
            by=by,
        )
        for teaser in entry.teasers:
            exchange.save_teaser(listing=row, by=by, **teaser.model_dump())
        for detail in entry.details:
            exchange.save_detail(listing=row, by=by, **detail.model_dump())
        exchange.save_facts(listing=row, by=by, **entry.facts.model_dump(exclude_unset=True))
        if entry.contact:
            exchange.save_contact(listing=row, by=by, **entry.contact.model_dump())
        if entry.status != "draft":
            exchange.submit_for_review(listing=row, by=by)
        if entry.status == "published":
            exchange.review_listing(listing=row, scores=Scores(4, 4, 4, 4), by=self._steward())
        row.refresh_from_db()
        return row

    def interest(self, entry: Interest) -> InterestRow:
        listing = self.rows["listings", entry.listing]
        row = exchange.send_interest(
            listing=listing,
            organisation=self.rows["organisations", entry.organisation],
            own_listing=self.rows["listings", entry.own_listing] if entry.own_listing else None,
            language=entry.language,
            cooperation_sought=entry.cooperation_sought,
            about_us=entry.about_us,
            by=self.managers[entry.organisation],
        )
        owner = listing.owner
        if entry.answer == "accept":
            row = exchange.accept_interest(interest=row, by=owner)
        elif entry.answer == "decline":
            row = exchange.decline_interest(interest=row, reason=InterestRow.DeclineReason.NO_FIT, by=owner)
        return row

    def event(self, entry: Event) -> Any:
        by, zone = self.managers[entry.host], ZoneInfo(entry.time_zone)
        first = timezone.localdate() + timedelta(days=entry.starts_in_days)
        days = [first + timedelta(days=n) for n in range(entry.days)]
        row = events.create_event(
            kind=entry.kind,
            title=entry.title,
            language=entry.language,
            hosts=[self.rows["organisations", entry.host]],
            time_zone=entry.time_zone,
            starts_at=datetime.combine(days[0], entry.begin, tzinfo=zone),
            ends_at=datetime.combine(days[-1], entry.end, tzinfo=zone),
            languages=[entry.language],
            by=by,
        )
        events.make_slots(
            event=row, days=days, begin=entry.begin, end=entry.end, minutes=entry.slot_minutes, by=by
        )
        events.make_tables(event=row, count=entry.tables, by=by)
        events.announce_event(event=row, by=by)
        row = events.open_registration(event=row, by=by)
        people = {p.user: self._participant(row, p, by) for p in entry.participants}
        for request in entry.requests:
            self._request(people, request)
        return row

    def _participant(self, event: Any, entry: Any, organiser: UserRow) -> ParticipantRow:
        registered = events.register_participant(
            event=event,
            organisation=self.rows["organisations", entry.organisation],
            languages=entry.languages,
            listing=self.rows["listings", entry.listing] if entry.listing else None,
            consent_listed=entry.consent_listed,
            by=self.rows["users", entry.user],
        )
        return events.confirm_participant(participant=registered, by=organiser)

    def _request(self, people: dict[str, ParticipantRow], entry: Request) -> None:
        for key in (entry.requester, entry.invitee):
            if key not in people:
                raise Invalid(f"{key!r} is not among the participants of this event.")
        asks, asked = people[entry.requester], people[entry.invitee]
        row = events.ask_for_meeting(
            requester=asks, invitee=asked, strength=entry.strength, message=entry.message, by=asks.user
        )
        if entry.answer == "accept":
            events.accept_request(request=row, by=asked.user)
        elif entry.answer == "decline":
            events.decline_request(request=row, reason="no_fit", by=asked.user)

    def agreement(self, entry: Agreement) -> AgreementRow:
        by = self.managers[entry.parties[0]]
        row = agreements.draft_agreement(
            by=by,
            terms=Terms(kind=entry.kind, tier=entry.tier),
            parties=[NewParty(organisation=self.rows["organisations", key]) for key in entry.parties],
            texts=[NewText(is_authentic=True, **text.model_dump()) for text in entry.texts],
        )
        if entry.status != "draft":
            self._sign(row, entry, by)
        row.refresh_from_db()
        return row

    def _sign(self, row: AgreementRow, entry: Agreement, by: UserRow) -> None:
        """Every party consents to the wording, then signs it, by its manager."""
        signed = entry.signed_on or timezone.localdate()
        agreements.move_agreement(agreement=row, to=AgreementRow.Status.NEGOTIATION, by=by)
        wording = entry.wording or _NO_WORDING
        agreements.write_body(agreement=row, language=entry.texts[0].language, body=wording, by=by)
        row.refresh_from_db()
        by_row = {self.rows["organisations", key].pk: self.managers[key] for key in entry.parties}
        parties = [(party, by_row[party.organisation_id]) for party in row.parties.order_by("pk")]
        for party, signer in parties:
            agreements.consent_to_wording(party=party, version=row.wording_version, by=signer)
        agreements.move_agreement(agreement=row, to=AgreementRow.Status.APPROVED, by=by)
        for party, signer in parties:
            agreements.record_signature(party=party, signed_on=signed, by=signer, signatory=signer.name)
        row.refresh_from_db()
        if entry.status == "in_force":
            agreements.enter_into_force(agreement=row, on=signed, by=by)
