"""Reference numbers: country, kind, direction, date, number of the day, such as PLTO20260105001."""

from datetime import date

from django.db import connection

from serai.directory.models import Organisation
from serai.exchange.models import Listing

LETTERS = {
    Listing.Kind.TECHNOLOGY: "T",
    Listing.Kind.BUSINESS: "B",
    Listing.Kind.RESEARCH: "R",
    Listing.Kind.INVESTMENT: "I",
    Listing.Kind.TALENT: "P",
    Listing.Kind.SPACE: "S",
    Listing.Kind.EQUIPMENT: "E",
    Listing.Kind.SERVICE: "V",
    Listing.Kind.MARKET_INFORMATION: "M",
    Listing.Kind.APPLICATION_SCENARIO: "A",
}


def prefix(*, organisation: Organisation, kind: str, direction: str, day: date) -> str:
    country = organisation.country.code if organisation.country else "XX"
    side = "O" if direction == Listing.Direction.OFFER else "R"
    return f"{country[:2].upper()}{LETTERS[Listing.Kind(kind)]}{side}{day:%Y%m%d}"


def allocate(stem: str, count: int = 1) -> list[str]:
    """The next `count` references under `stem`.

    One statement takes them, and its row lock holds until the caller's transaction ends: two callers never
    get the same number, and a rolled-back one leaves no gap.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_referencecounter (prefix, last) VALUES (%s, %s) "
            "ON CONFLICT (prefix) DO UPDATE SET last = exchange_referencecounter.last + EXCLUDED.last "
            "RETURNING last",
            [stem, count],
        )
        last = cursor.fetchone()[0]
    return [f"{stem}{number:03d}" for number in range(last - count + 1, last + 1)]
