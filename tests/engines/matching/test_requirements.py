import math

import pytest

from serai.engines.matching.requirements import QUANTITIES, _words, amounts, compare


@pytest.mark.parametrize(
    ("text", "dimension", "low", "high"),
    [
        ("Betrieb bis zu 250 °C", "temperature", -math.inf, 250),
        ("höchstens 1.500 Euro pro Stück", "money EUR", -math.inf, 1500),
        ("не более 50 евро за штуку", "money EUR", -math.inf, 50),
        ("成本不超过200元", "money CNY", -math.inf, 200),
        ("耐温300℃以上", "temperature", 300, math.inf),
        ("重量低于五公斤", "mass", -math.inf, 5),
        ("at least 3.5 kW", "power", 3500, math.inf),
        ("under $40", "money USD", -math.inf, 40),
        ("5-10 bar", "pressure", 500_000, 1_000_000),
        ("en az 20 kW", "power", 20_000, math.inf),
        ("価格は1,200円以下", "money JPY", -math.inf, 1200),
        ("कम से कम ५० किलोग्राम", "mass", 50, math.inf),
        ("ไม่เกิน ๓๐๐ บาท", "money THB", -math.inf, 300),
        ("أقل من ٣٠ دولار", "money USD", -math.inf, 30),
        ("under 1 million euros", "money EUR", -math.inf, 1_000_000),
        ("de -20 à 60 °C", "temperature", -20, 60),
        ("co najmniej 2,5 kg", "mass", 2.5, math.inf),
        ("최대 30 kW", "power", -math.inf, 30_000),
        ("tối đa 90 kg", "mass", -math.inf, 90),
    ],
)
def test_amounts_are_read_in_many_languages(text: str, dimension: str, low: float, high: float) -> None:
    (amount,) = amounts(text)

    assert (amount.dimension, amount.low, amount.high) == (dimension, pytest.approx(low), pytest.approx(high))
    assert amount.span.of(text) == amount.shown


@pytest.mark.parametrize(
    "text", ["", "A4 paper", "in 2020 we had 12 partners", "ISO 9001", "version 3.5.1", "room B12"]
)
def test_plain_numbers_are_no_amounts(text: str) -> None:
    assert amounts(text) == ()


def status(asked: str, offered: str, languages: tuple[str, str] = ("en", "en")) -> list[tuple[str, str]]:
    return [(r.quantity, r.status) for r in compare(asked, languages[0], offered, languages[1])]


def test_offer_that_misses_a_limit_fails_and_names_it() -> None:
    asked = "We need a sensor for at least 200 °C."

    (found,) = compare(asked, "en", "Der Sensor arbeitet bis zu 150 °C.", "de")

    assert (found.quantity, found.wanted, found.found, found.status) == (
        "temperature",
        "≥ 200 °C",
        "150 °C",
        "failed",
    )
    assert found.query.of(asked) == "200 °C"


@pytest.mark.parametrize(
    ("asked", "offered", "expected"),
    [
        ("at least 200 °C", "up to 250 °C", "met"),
        ("at least 200 °C", "hält 300 °C aus", "met"),
        ("at least 200 °C", "no temperature is given", "unknown"),
        ("at most 50 EUR", "costs 120 EUR", "failed"),
        ("at most 50 EUR", "costs 45 EUR", "met"),
        ("at most 50 EUR", "up to 60 EUR", "unknown"),
        ("at most 50 EUR", "costs 120 USD", "unknown"),
        ("at most 50 EUR", "the plant costs 2 million EUR", "unknown"),
        ("at least 10 years", "2 years", "unknown"),
        ("at least 200 °C", "from 20 °C, stored at 40 °C", "unknown"),
    ],
)
def test_limit_is_judged(asked: str, offered: str, expected: str) -> None:
    ((_, found),) = status(asked, offered)

    assert found == expected


def test_denied_standard_fails_and_named_standard_is_met() -> None:
    asked = "It must be certified to ISO 13485."

    assert status(asked, "Das Gerät ist noch nicht nach ISO 13485 zertifiziert.", ("en", "de")) == [
        ("standard", "failed")
    ]
    assert status(asked, "Das Gerät ist nach ISO 13485 zertifiziert.", ("en", "de")) == [("standard", "met")]
    assert status(asked, "Ein gutes Gerät.", ("en", "de")) == [("standard", "unknown")]


def test_readiness_level_below_the_wanted_one_fails() -> None:
    assert status("at TRL 6 or higher", "currently TRL 4") == [("trl", "failed")]
    assert status("at TRL 6 or higher", "TRL 7 reached") == [("trl", "met")]


def test_a_limit_carries_codes_and_numbers_for_translation() -> None:
    level, money, heat = compare(
        "at most 1.5 million euros, 20 to 60 °C, TRL 6", "en", "Preis 2 Mio. Euro; до 50 °C; TRL 4", "de"
    )

    assert (money.quantity, money.unit, money.bound, money.high, money.low) == (
        "money",
        "EUR",
        "most",
        1.5e6,
        None,
    )
    assert (money.found_low, money.status) == (2e6, "failed")
    assert (heat.quantity, heat.unit, heat.bound, heat.low, heat.high) == (
        "temperature",
        "°C",
        "range",
        20,
        60,
    )
    assert (heat.found_low, heat.found_high) == (None, 50)
    assert (level.quantity, level.low, level.found_high, level.status) == ("trl", 6, 4, "failed")


def test_every_quantity_that_can_be_read_has_a_code() -> None:
    read = {dimension.split()[0] for dimension, _ in _words().units.values()}

    assert read <= set(QUANTITIES)
