import pytest

from serai.core.errors import Invalid
from serai.directory import names


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Zu\u0308rich \n Universität ", "Zürich Universität"),
        ("Acme\u200b\u200e Ltd\ufeff", "Acme Ltd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Ac\u200dme", "Acme"),
        ("清华大学", "清华大学"),
    ],
)
def test_a_name_is_kept_without_what_cannot_be_seen(typed: str, kept: str) -> None:
    assert names.clean_name(typed) == kept


@pytest.mark.parametrize(
    "typed", ["Acme\u202egnp.exe", "a\u2066b", "", "   ", "---", "a\x00b", "a\ue000b", "x" * 501]
)
def test_a_name_that_hides_something_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        names.clean_name(typed)


def test_names_that_look_the_same_have_one_skeleton() -> None:
    latin = names.skeleton("China University")

    assert names.skeleton("Сhina Unіversity") == latin  # Cyrillic С and і
    assert names.skeleton("CHINA UNIVERSITY") == latin
    assert names.skeleton("СНINА UNIVЕRSIТУ") == latin  # Cyrillic capitals
    assert names.skeleton("Chile University") != latin


def test_mixed_words_are_those_of_two_confusable_scripts() -> None:
    assert names.mixed_words("Сhina University") == ["Сhina"]
    assert names.mixed_words("TCL 华星光电 Technology") == []
    assert names.mixed_words("МГУ Moscow") == []
