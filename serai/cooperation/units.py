"""In what a result is counted: units of a vocabulary, written in the reader's language, and money.

A unit is stored as its code: a word of `COUNTED`, or the ISO 4217 code of a currency. Anything else is a unit in the
reporter's own words; it stays as it was written, in the language of the result.
"""

from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, get_currency_name, is_currency
from django.utils.functional import Promise
from django.utils.translation import ngettext_lazy, pgettext_lazy

from serai.core.words import reader

COUNTED: Mapping[str, tuple[Promise, Promise]] = {
    "jobs": (pgettext_lazy("unit", "jobs"), ngettext_lazy("%(n)s job", "%(n)s jobs", "count")),
    "people": (pgettext_lazy("unit", "people"), ngettext_lazy("%(n)s person", "%(n)s people", "count")),
    "firms": (pgettext_lazy("unit", "firms"), ngettext_lazy("%(n)s firm", "%(n)s firms", "count")),
    "licences": (
        pgettext_lazy("unit", "licences"),
        ngettext_lazy("%(n)s licence", "%(n)s licences", "count"),
    ),
    "patents": (pgettext_lazy("unit", "patents"), ngettext_lazy("%(n)s patent", "%(n)s patents", "count")),
    "publications": (
        pgettext_lazy("unit", "publications"),
        ngettext_lazy("%(n)s publication", "%(n)s publications", "count"),
    ),
    "products": (
        pgettext_lazy("unit", "products or services"),
        ngettext_lazy("%(n)s product or service", "%(n)s products or services", "count"),
    ),
    "pilots": (pgettext_lazy("unit", "pilots"), ngettext_lazy("%(n)s pilot", "%(n)s pilots", "count")),
    "trainings": (
        pgettext_lazy("unit", "trainings"),
        ngettext_lazy("%(n)s training", "%(n)s trainings", "count"),
    ),
    "hectares": (
        pgettext_lazy("unit", "hectares"),
        ngettext_lazy("%(n)s hectare", "%(n)s hectares", "count"),
    ),
    "tonnes": (pgettext_lazy("unit", "tonnes"), ngettext_lazy("%(n)s tonne", "%(n)s tonnes", "count")),
}
"""Code: (the name in a choice, the phrase with a number)."""

CURRENCIES = (
    "AED", "BRL", "CAD", "CHF", "CLP", "CNY", "EGP", "EUR", "GBP", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "KZT", "LKR",
    "MAD", "MXN", "MYR", "PKR", "PLN", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "USD", "UZS", "VND", "ZAR",
)  # fmt: skip


def is_known(unit: str) -> bool:
    return unit in COUNTED or bool(is_currency(unit))


def choices() -> list[tuple[str, object]]:
    """(code, name) for a form: what is counted, then money, each in the order of the vocabulary."""
    locale = reader()
    money = [(code, f"{get_currency_name(code, locale=locale)} ({code})") for code in CURRENCIES]
    return [*((code, name) for code, (name, _phrase) in COUNTED.items()), *money]


def amount_in_words(amount: Decimal, unit: str) -> str:
    """The amount with its unit as the reader's language writes them: "26 jobs", "1 200 000 €"; an own unit as it is."""
    locale = reader()
    if is_currency(unit):
        plain = amount == amount.to_integral_value()
        pattern = locale.currency_formats["standard"].pattern
        whole = pattern.replace("0.00", "0") if plain else pattern
        return str(format_currency(amount, unit, whole, locale, currency_digits=False))
    n = format_decimal(amount, locale=locale)
    if unit in COUNTED:
        return str(COUNTED[unit][1] % {"count": _counted_as(amount), "n": n})
    return f"{n} {unit}".strip()


def _counted_as(amount: Decimal) -> int:
    """A whole number that takes the same form as the amount: translations have forms for whole numbers only.

    Where a fraction has a form of its own (Russian), it is that of two: "1,5 гектара", "2 гектара".
    """
    if amount == amount.to_integral_value():
        return int(amount)
    form_of = reader().plural_form
    return next((whole for whole in (2, 1, 100) if form_of(whole) == form_of(amount)), 2)
