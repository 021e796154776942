import pytest

from serai.core.errors import Invalid
from serai.directory import identifiers
from serai.directory.models import Identifier


@pytest.mark.parametrize(
    ("scheme", "typed", "stored"),
    [
        ("ror", "https://ror.org/05a28rw58", "05a28rw58"),
        ("ror", " 05A28RW58 ", "05a28rw58"),
        ("lei", "5493 001K JTII GC8Y 1R12", "5493001KJTIIGC8Y1R12"),
        ("isni", "0000 0001 2156 2780", "0000000121562780"),
        ("isni", "https://isni.org/isni/0000000121562780", "0000000121562780"),
        ("orcid", "https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("uscc", "91110000600037341l", "91110000600037341L"),
        ("vat", "PL 526-000-12-46", "PL5260001246"),
        ("vat", "US123456789", "US123456789"),
        ("wikidata", "https://www.wikidata.org/wiki/Q42944", "Q42944"),
        ("wikidata", "q42944", "Q42944"),
        ("grid", "grid.5991.4", "grid.5991.4"),
        ("fundref", "https://doi.org/10.13039/501100000780", "501100000780"),
        ("fundref", "501100000780", "501100000780"),
        ("pic", "999 999 999", "999999999"),
        ("register", "KRS  0000123456", "KRS 0000123456"),
    ],
)
def test_what_people_paste_becomes_one_form(scheme: str, typed: str, stored: str) -> None:
    assert identifiers.normalise(scheme, typed) == stored


@pytest.mark.parametrize(
    ("scheme", "typed", "message"),
    [
        ("ror", "05a28rw59", "check digits"),
        ("ror", "05a28rw5", "nine characters"),
        ("ror", "05a28ru58", "nine characters"),
        ("lei", "5493001KJTIIGC8Y1R13", "check digits"),
        ("lei", "5493001KJTII", "20 letters"),
        ("isni", "0000 0001 2156 2781", "check digits"),
        ("orcid", "0000-0002-1825-0098", "check digits"),
        ("uscc", "91110000600037341M", "check digits"),
        ("vat", "PL5260001247", "check digits"),
        ("vat", "5260001246", "two letters"),
        ("wikidata", "42944", "Wikidata"),
        ("grid", "grid.5991", "GRID"),
        ("pic", "12345", "nine digits"),
        ("register", "", "Write the number"),
        ("register", "x" * 101, "100"),
    ],
)
def test_what_is_wrong_is_said_in_words(scheme: str, typed: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        identifiers.normalise(scheme, typed)

    assert message in str(refused.value)
    assert set(refused.value.fields) == {"value"}


def test_swapped_neighbours_of_a_ror_id_are_found() -> None:
    good = "05a28rw58"
    swapped = {good[:i] + good[i + 1] + good[i] + good[i + 2 :] for i in range(1, 6)} - {good}

    for value in swapped:
        with pytest.raises(Invalid):
            identifiers.normalise("ror", value)


def test_an_unknown_scheme_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="no identifier scheme"):
        identifiers.normalise("duns", "1")


def test_every_scheme_has_a_rule_and_words() -> None:
    schemes = set(Identifier.Scheme.values)

    assert schemes <= set(identifiers.shapes())
    for scheme in schemes:
        with pytest.raises(Invalid):
            identifiers.normalise(scheme, "")


def test_a_search_recognises_identifiers_and_leaves_words_alone() -> None:
    assert identifiers.candidates("https://ror.org/05a28rw58") == [("ror", "05a28rw58")]
    assert identifiers.candidates("University of Lodz") == []
    assert identifiers.candidates("Expo 2020") == []


def test_an_isni_is_shown_in_groups() -> None:
    assert identifiers.shown("isni", "0000000121562780") == "0000 0001 2156 2780"
    assert identifiers.url_of("ror", "05a28rw58") == "https://ror.org/05a28rw58"
    assert identifiers.url_of("vat", "PL5260001246") == ""
