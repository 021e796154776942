import pytest

from serai.engines.matching.language import detect, primary


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("", None, "und"),
        ("123 456", "de", "de"),
        ("Wir suchen eine Anlage zur Entsalzung von Brackwasser.", None, "de"),
        ("Шукаємо технологію очищення води для громади", None, "uk"),
        ("システム", None, "ja"),
        ("系统集成", None, "zh"),
        ("เครื่องกรองน้ำ ISO 9001 laser", None, "th"),
        ("مياه الشرب للقرى البعيدة", None, "ar"),
        ("\x00\ud800", None, "und"),
    ],
)
def test_language_is_detected(text: str, declared: str | None, expected: str) -> None:
    assert detect(text, declared) == expected


def test_declared_language_wins_while_its_script_is_there() -> None:
    assert detect("Zařízení na čištění vody", "sk-SK") == "sk"
    assert detect("เครื่องกรองน้ำ with Membrane and Filter", "th") == "th"


def test_declared_language_loses_against_another_script() -> None:
    assert detect("Привіт, шукаємо партнерів для проєкту", "de") == "uk"
    assert detect("We are looking for a partner in water treatment", "th") == "en"


def test_tag_is_reduced_to_its_primary_part() -> None:
    assert [primary(t) for t in ("pt-BR", "zh_Hant_TW", "iw", "deu", "", None, "x1")] == [
        "pt",
        "zh",
        "he",
        "de",
        "und",
        "und",
        "und",
    ]
