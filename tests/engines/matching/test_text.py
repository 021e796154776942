from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from serai.engines.matching import clean, detect, hard_tokens, profile_text, sentences
from serai.engines.matching.requirements import amounts, compare


def test_profile_starts_with_what_matters_most_and_is_cut_at_a_blank() -> None:
    text = profile_text("Title", " Summary ", ["one", "", "two"], "word " * 3000, limit=100)

    assert text.startswith("Title\nSummary\none, two\nword word")
    assert len(text) <= 100
    assert text.endswith("word")


def test_clean_removes_what_is_not_seen_and_keeps_joiners() -> None:
    assert clean("a\x00b\u202ec \ud800 d\u200bе") == "a b c d е"
    assert clean("می\u200cخواهم") == "می\u200cخواهم"
    assert clean("  \n \t ") == ""


def test_a_million_characters_are_cut_in_no_time() -> None:
    assert len(clean("x " * 500_000, 6000)) <= 6000


def test_sentences_are_found_in_many_scripts_with_their_places() -> None:
    text = "Erster Satz. Zweiter, ca. 3.5 m lang! 第三句。第四句？ جملة خامسة؟ छठा वाक्य। Last"

    assert [s.of(text) for s in sentences(text)] == [
        "Erster Satz.",
        "Zweiter, ca. 3.5 m lang!",
        "第三句。",
        "第四句？",
        "جملة خامسة؟",
        "छठा वाक्य।",
        "Last",
    ]


def test_text_without_stops_is_cut_and_text_without_letters_has_no_sentence() -> None:
    assert all(s.end - s.start <= 600 for s in sentences("word " * 1000))
    assert sentences("... !!! \n\n — ") == ()
    assert len(sentences("Aa. " * 500)) == 40


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.one_of(st.none(), st.text(max_size=8)))
def test_nothing_a_person_can_type_breaks_the_readers(text: str, declared: str | None) -> None:
    language = detect(text, declared)
    spans = sentences(text)
    compare(text, language, text[::-1], language)

    assert clean(clean(text)) == clean(text)
    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    assert all(a.span.of(text) == a.shown for a in amounts(text))
    assert all(t == t.upper() or not t.isascii() for t in hard_tokens(text))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "≤",
                "up to",
                "不超过",
                "5",
                "1,5",
                "٣",
                "€",
                "°C",
                "kg",
                "-",
                "до",
                "ISO 9001",
                "TRL 4",
                "not",
                ".",
            ]
        ),
        max_size=20,
    )
)
def test_odd_mixtures_of_limits_are_read_without_error(parts: list[str]) -> None:
    text = " ".join(parts)

    for found in compare(text, "en", text, "en"):
        assert found.status in {"met", "failed", "unknown"}
        assert found.query.of(text)
