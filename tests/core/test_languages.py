"""What is a language tag, and how it is spelt."""

import pytest

from serai.core import languages
from serai.core.errors import Invalid


@pytest.mark.parametrize(
    ("said", "spelt"),
    [
        ("", ""),
        ("pl", "pl"),
        ("PT-br", "pt-BR"),
        ("zh-hans", "zh-Hans"),
        ("zh_hant_tw", "zh-Hant-TW"),
        ("zh-yue", "zh-yue"),
        ("eng", "en"),
        ("ger", "de"),
        ("ceb", "ceb"),
        ("und", "und"),
        ("es-419", "es-419"),
        ("ca-valencia", "ca-valencia"),
    ],
)
def test_language_tags_get_their_usual_spelling(said: str, spelt: str) -> None:
    assert languages.clean_language(said) == spelt


@pytest.mark.parametrize(
    "tag",
    [
        "xx", "xx-yy-zz", "english", "p", "zh hans", "en-zz", "en-Xxxx", "en-GB-GB", "en-GB-Latn", "en-", "-",
        "en-" + "a" * 40, "en-1901-1901", "pl\x00", "пл", "en-blabla",
    ],
)  # fmt: skip
def test_what_is_no_language_is_refused(tag: str) -> None:
    with pytest.raises(Invalid):
        languages.clean_language(tag)
    assert not languages.is_language(tag)
