import pytest

from serai.engines.matching import hard_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Zertifiziert nach ISO 9001:2015 und IEC 61508-3, IP67.", {"ISO9001", "IEC615083", "IP67"}),
        ("需要 LoRaWAN 与 CO₂ 传感器，ＩＳＯ１４００１", {"LORAWAN", "CO2", "ISO14001"}),
        ("At TRL 6-8 now", {"TRL6", "TRL7", "TRL8"}),
        ("LiFePO4 cells, RS-485, 50 kW, 12 V and 300 MW", {"LIFEPO4", "RS485"}),
        ("ALL OF THIS SHOUTS", set()),
        ("", set()),
        ("сертификат ГОСТ Р 52931-2008", {"GOSTR529312008"}),
    ],
)
def test_hard_tokens_are_found_and_spelt_alike(text: str, tokens: set[str]) -> None:
    assert hard_tokens(text) == tokens
