"""Limits a text states, in the reader's language: the engine gives codes and numbers in SI units, here are words."""

from typing import Any

from babel import Locale
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy, to_locale
from django.utils.translation import gettext as _

QUANTITIES: dict[str, Any] = {
    "temperature": gettext_lazy("Temperature"),
    "money": gettext_lazy("Amount of money"),
    "length": pgettext_lazy("quantity", "Length"),
    "mass": pgettext_lazy("quantity", "Mass"),
    "pressure": pgettext_lazy("quantity", "Pressure"),
    "power": pgettext_lazy("quantity", "Power"),
    "energy": pgettext_lazy("quantity", "Energy"),
    "voltage": pgettext_lazy("quantity", "Voltage"),
    "frequency": pgettext_lazy("quantity", "Frequency"),
    "volume": pgettext_lazy("quantity", "Volume"),
    "area": pgettext_lazy("quantity", "Area"),
    "time": pgettext_lazy("quantity", "Time"),
    "percent": pgettext_lazy("quantity", "Share"),
    "noise": pgettext_lazy("quantity", "Noise"),
    "concentration": pgettext_lazy("quantity", "Concentration"),
    "parts": pgettext_lazy("quantity", "Concentration"),
    "force": pgettext_lazy("quantity", "Force"),
    "speed": pgettext_lazy("quantity", "Speed"),
    "flow": pgettext_lazy("quantity", "Flow"),
    "standard": pgettext_lazy("quantity", "Standard"),
    "trl": gettext_lazy("Readiness level"),
}

# Unit -> (factor, symbol) from the largest on; a number is shown in the first of which it holds at least one.
_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "m": ((1e3, "km"), (1, "m"), (1e-2, "cm"), (1e-3, "mm"), (1e-6, "µm"), (1e-9, "nm")),
    "kg": ((1e3, "t"), (1, "kg"), (1e-3, "g"), (1e-6, "mg")),
    "Pa": ((1e6, "MPa"), (1e3, "kPa"), (1, "Pa")),
    "W": ((1e9, "GW"), (1e6, "MW"), (1e3, "kW"), (1, "W"), (1e-3, "mW")),
    "Wh": ((1e9, "GWh"), (1e6, "MWh"), (1e3, "kWh"), (1, "Wh")),
    "V": ((1e3, "kV"), (1, "V"), (1e-3, "mV")),
    "Hz": ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1, "Hz")),
    "m³": ((1, "m³"), (1e-3, "l"), (1e-6, "ml")),
    "m²": ((1e6, "km²"), (1e4, "ha"), (1, "m²"), (1e-4, "cm²")),
    "s": ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")),
}


def label(found: dict[str, Any]) -> str:
    """What is limited and how: "Temperature: ≤ 45 °C". `found` is a stored `Requirement` of the engine."""
    name = str(QUANTITIES.get(found["quantity"], found["quantity"]))
    return _("%(quantity)s: %(wanted)s") % {"quantity": name, "wanted": _wanted(found)}


def answer(found: dict[str, Any]) -> str:
    """What the other text says about it; empty when it is silent."""
    low, high = found.get("found_low"), found.get("found_high")
    said = found["found"] if low is None and high is None else _span(low, high, found)
    return _("The other text: %(found)s") % {"found": said} if said else ""


def _wanted(found: dict[str, Any]) -> str:
    low, high = found.get("low"), found.get("high")
    if found.get("name"):
        return str(found["name"])
    return found["wanted"] if low is None and high is None else _span(low, high, found)


def _span(low: float | None, high: float | None, found: dict[str, Any]) -> str:
    unit = found.get("unit", "")
    if low is None and high is not None:
        return f"≤ {amount(high, unit)}"
    if high is None and low is not None:
        return f"≥ {amount(low, unit)}"
    if low is None or high is None:
        return ""
    return amount(low, unit) if low == high else f"{amount(low, unit)} – {amount(high, unit)}"


def amount(number: float, unit: str) -> str:
    """A number with its unit as the reader writes numbers; money with its currency."""
    locale = to_locale(get_language() or "en")
    if len(unit) == 3 and unit.isupper():
        pattern = Locale.parse(locale).currency_formats["standard"].pattern
        whole = pattern.replace(".00", "") if number % 1 == 0 else pattern
        return str(format_currency(number, unit, whole, locale, currency_digits=False))
    factor, symbol = next(
        ((factor, symbol) for factor, symbol in _SCALES.get(unit, ()) if abs(number) >= factor), (1.0, unit)
    )
    written = format_decimal(float(f"{number / factor:.4g}"), locale=locale)
    return f"{written}\u00a0{symbol}" if symbol else written
