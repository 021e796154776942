import pytest

from serai.core.imports.text import clean, half_width, looks_broken, plain


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\u202eb\u2066c", "abc"),
        ("a\u200bb\ufeff", "ab"),
        ("a\x00b\x07", "ab"),
        ("  a   b \r\n\r\n\r\n\r\n c ", "a b\n\nc"),
        ("e\u0301", "é"),
        (None, ""),
    ],
)
def test_clean_takes_out_what_nobody_meant(raw: object, expected: str) -> None:
    assert clean(raw) == expected


def test_plain_decodes_entities_and_drops_tags() -> None:
    assert plain("a &amp;nbsp;b <b>c</b> &lt; d") == "a b c < d"


def test_half_width_makes_usual_digits() -> None:
    assert half_width("９１（ａ）") == "91(a)"


@pytest.mark.parametrize(
    ("text", "broken"), [("agÃ¡mi", True), ("â€™s", True), ("Ça va, São", False), ("é’s", False)]
)
def test_double_encoding_is_seen(text: str, broken: bool) -> None:
    assert looks_broken(text) is broken
