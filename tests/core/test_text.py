"""Texts as the language of the page writes them."""

import pytest
from django.utils import translation

from serai.core.text import listed


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "Kraków, 3"), ("zh-hans", "Kraków、3"), ("ar", "\u200f\u2068Kraków\u2069، \u20683\u2069")],
)
def test_list_is_joined_as_the_language_joins_lists(language: str, line: str) -> None:
    with translation.override(language):
        assert listed(["Kraków", "", 3]) == line
