"""Listings of the demo network, reviewed and published; interests sent and answered."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from serai.demo.network import Network, rows
from serai.exchange import actions as exchange
from serai.exchange.actions.reviews import Scores
from serai.exchange.models import Interest, Listing

NULL = "\\N"


@dataclass
class Market:
    listings: list[Listing] = field(default_factory=list)
    pairs: list[tuple[Listing, Listing]] = field(default_factory=list)
    interests: list[Interest] = field(default_factory=list)


def build_listings(network: Network) -> Market:
    """All listings; neighbours in the file are an offer and the request it could meet."""
    market = Market()
    previous: tuple[dict[str, str], Listing] | None = None
    for number, row in enumerate(rows("listings.tsv")):
        with transaction.atomic():
            listing = _listing(network, row, number)
        market.listings.append(listing)
        if previous and previous[0]["direction"] != row["direction"] and previous[0]["kind"] == row["kind"]:
            offer, request = sorted((previous[1], listing), key=lambda x: x.direction)
            market.pairs.append((offer, request))
            previous = None
        else:
            previous = (row, listing)
    return market


def _listing(network: Network, row: dict[str, str], number: int) -> Listing:
    organisation, manager = network.organisations[row["org"]], network.managers[row["org"]]
    listing = exchange.create_listing(
        organisation=organisation,
        direction=row["direction"],
        kind=row["kind"],
        language=row["lang"],
        by=manager,
        is_invented=True,
    )
    exchange.save_teaser(
        listing=listing,
        language=row["lang"],
        title=row["title"],
        summary=row["summary"],
        by=manager,
        keywords=[],
    )
    exchange.save_facts(
        listing=listing,
        by=manager,
        trl=None if row["trl"] == NULL else int(row["trl"]),
        ip_status=row["ip"],
        partnerships=row["partnership"].split(","),
        sectors=[row["sector"][0]],
        sdgs=[int(goal) for goal in row["sdgs"].split(",")],
        work_languages=sorted({network.languages[row["org"]], "en"}),
    )
    exchange.save_contact(
        listing=listing,
        by=manager,
        name=manager.name,
        email=manager.email,
        note="Invented for the demonstration.",
    )
    if number % 21 == 20:  # some drafts wait on their owners' desks
        return listing
    exchange.submit_for_review(listing=listing, by=manager)
    if number % 21 == 19:  # and some on the stewards'
        return listing
    exchange.review_listing(
        listing=listing,
        scores=Scores(4, 4, 3 + number % 3, 4),
        by=network.steward,
        comment="Clear and complete.",
    )
    listing.refresh_from_db()
    return listing


_ASK = {
    "en": ("We would like to test this with our own site and agree on a joint next step.", "We work on this in our region and have a team and a site."),
    "zh": ("我们希望在本地场景中测试，并商定下一步合作。", "我们在本地区从事这一领域，有团队和场地。"),
    "de": ("Wir möchten dies an unserem Standort erproben und den nächsten Schritt vereinbaren.", "Wir arbeiten in unserer Region an diesem Thema und haben Team und Standort."),
    "fr": ("Nous souhaitons tester cela sur notre site et convenir de la suite.", "Nous travaillons sur ce sujet dans notre région, avec une équipe et un site."),
    "es": ("Queremos probarlo en nuestras instalaciones y acordar el siguiente paso.", "Trabajamos este tema en nuestra región, con equipo e instalaciones."),
    "ru": ("Мы хотели бы испытать это на нашей площадке и договориться о следующем шаге.", "Мы работаем в этой области, у нас есть команда и площадка."),
    "ar": ("نود تجربة ذلك في موقعنا والاتفاق على الخطوة التالية.", "نعمل في هذا المجال في منطقتنا ولدينا فريق وموقع."),
}  # fmt: skip


def build_interests(network: Network, market: Market) -> None:
    """Owners of requests write to owners of offers: most are answered, one in five with a reasoned no."""
    published = [
        (offer, request)
        for offer, request in market.pairs
        if {offer.status, request.status} == {Listing.Status.PUBLISHED}
        and offer.organisation_id != request.organisation_id
    ]
    by_pk = {organisation.pk: key for key, organisation in network.organisations.items()}
    for number, (offer, request) in enumerate(published):
        sender = network.managers[by_pk[request.organisation_id]]
        owner = network.managers[by_pk[offer.organisation_id]]
        language = network.languages[by_pk[request.organisation_id]]
        sought, about = _ASK.get(language, _ASK["en"])
        with transaction.atomic():
            interest = exchange.send_interest(
                listing=offer,
                organisation=request.organisation,
                language=language if language in _ASK else "en",
                cooperation_sought=sought,
                about_us=about,
                by=sender,
                own_listing=request,
                answer_due=timezone.localdate() + timedelta(days=3 + number % 12),
                is_invented=True,
            )
            if number % 5 == 4:
                interest = exchange.decline_interest(
                    interest=interest,
                    reason=Interest.DeclineReason.TIMING,
                    by=owner,
                    answer="Next year, gladly.",
                )
            elif number % 5 != 3:
                interest = exchange.accept_interest(interest=interest, by=owner, answer="Let us meet.")
        market.interests.append(interest)
