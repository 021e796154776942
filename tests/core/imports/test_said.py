"""What is said of a row is kept as its message and its words, and written in the reader's language."""

import importlib
import json

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy, pgettext_lazy

from serai.core.imports.said import Said, said

language_of = importlib.import_module("serai.core.management.commands.import").language_of
ONE = said("it is not valid JSON: {problem}").format(problem=gettext_lazy("a comma is missing"))
OTHER = said("the kind “{value}” is not known here; it became “{other}”").format(
    value="{Brewery}\0", other=pgettext_lazy("organisation kind", "Other")
)


def _read(kept: Said, language: str) -> str:
    with translation.override(language):
        return str(kept)


@pytest.mark.parametrize(
    "text", [ONE, OTHER, said("it is empty"), said("{low} to {high}").format(low=1, high=9)]
)
def test_what_is_kept_says_the_same_in_every_language(text: Said) -> None:
    kept = Said.of(json.loads(json.dumps(text.kept())))

    for language in ("en", "de", "zh-hans", "ar"):
        assert _read(kept, language) == _read(text, language).replace("\0", "\ufffd")


def test_the_words_in_it_are_translated_too() -> None:
    kept = Said.of(ONE.kept())

    assert _read(kept, "en") == "it is not valid JSON: a comma is missing"
    assert (_read(kept, "de") != _read(kept, "en"), "a comma" in _read(kept, "de")) == (True, False)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE", "LC_ALL": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-hans"),
        ({"LANG": "tlh"}, "en"),
        ({"LANG": "ru_RU", "LC_ALL": ""}, "ru"),
    ],
)
def test_the_command_speaks_the_language_of_the_locale(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language
