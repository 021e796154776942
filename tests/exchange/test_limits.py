"""Limits found in texts are named and written as the reader writes them, not as the text's author did."""

from typing import Any

import pytest
from django.utils import translation

from serai.engines.matching import requirements
from serai.exchange import limits, pairs
from serai.exchange.actions.matching import _requirement


def stored(asked: str, answered: str) -> dict[str, Any]:
    (found,) = requirements.compare(asked, "de", answered, "ru")
    return _requirement(found)


def test_a_limit_is_named_in_the_readers_language() -> None:
    found = stored("Betrieb bei höchstens 45 °C.", "Работает при 50,5 °C.")

    with translation.override("en"):
        assert (limits.label(found), limits.answer(found)) == (
            "Temperature: ≤ 45\u00a0°C", "The other text: 50.5\u00a0°C",
        )  # fmt: skip
    with translation.override("fr"):
        assert "50,5\u00a0°C" in limits.answer(found)


@pytest.mark.parametrize(
    ("number", "unit", "language", "expected"),
    [
        (0.0123, "m", "en", "1.23\u00a0cm"),
        (1_500_000, "W", "de", "1,5\u00a0MW"),
        (7200, "s", "ru", "2\u00a0h"),
        (0.0, "kg", "en", "0\u00a0kg"),
        (50_000, "EUR", "de", "50.000\u00a0€"),
        (12.5, "USD", "en", "$12.50"),
        (6, "", "zh-hans", "6"),
    ],
)
def test_numbers_are_scaled_and_written_locally(
    number: float, unit: str, language: str, expected: str
) -> None:
    with translation.override(language):
        assert limits.amount(number, unit) == expected


def test_every_quantity_of_the_engine_has_a_name() -> None:
    assert set(limits.QUANTITIES) == set(requirements.QUANTITIES)
    units = set(requirements.QUANTITIES.values())
    assert set(limits._SCALES) <= units


def test_what_was_stored_without_codes_is_still_shown() -> None:
    old = {"quantity": "temperature", "wanted": "≤ 45 °C", "found": "50 °C", "status": "failed"}

    (check,) = pairs._requirements([old])

    assert ("45 °C" in str(check.label), "50 °C" in str(check.reason)) == (True, True)


@pytest.mark.django_db
def test_every_failed_condition_has_a_sentence() -> None:
    details = {"wanted": "technology", "found": "space", "deadline": "2026-01-05", "reason": "Sister firms."}
    for rule in pairs.RULES:
        assert pairs.failure_line(rule, details)
    assert "Space" in pairs.failure_line("kind", details)
