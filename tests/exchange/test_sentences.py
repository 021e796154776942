"""The vectors of sentences: made with the text's, of its tier and no other, gone with it, and used where they count."""

from collections.abc import Sequence

import pytest

from serai.core.viewer import ANYONE
from serai.engines import matching as m
from serai.engines.matching.types import Role, Vector
from serai.exchange import finding, sentences, tiertexts
from serai.exchange.actions import indexing
from serai.exchange.index import build, layout, reader
from serai.exchange.models import Listing, ListingDetail, ListingVector
from tests.exchange.conftest import WordEncoder
from tests.factories import make_listing

pytestmark = pytest.mark.django_db

ASKED = "A membrane takes drug residues out of waste water."
PUBLIC = (
    "Our institute works on many things. We have been founded long ago. Write to us about anything you need."
)
HIDDEN = f"Nobody has seen this before. {ASKED} It is kept for members only."
OTHERS = (
    "Dryers for fruit. They need little power.",
    "Software plans tables. It is free.",
    "Roofs. Of wood.",
)


def fill() -> Listing:
    """One listing that says it in its details, others about other things."""
    listing = make_listing(title="About us", summary=PUBLIC)
    ListingDetail.objects.create(listing=listing, language="en", description=HIDDEN)
    for text in OTHERS:
        make_listing(title=text.split(".")[0], summary=text)
    indexing.encode_pending()
    build.refresh(rebuild=True)
    return listing


def terms_of(listing: Listing, tier: str) -> dict[str, float]:
    """What the whole and the look at the sentences give a listing for the question, in a tier."""
    index = reader.opened(tier)
    assert index is not None
    query = finding.encoded(ASKED, "en")
    scores, mask = index.scores(query, "offer"), index.mask(reader.Wanted(direction="offer"))
    whole = next(one for one in index.best(query, scores, mask, 9) if one.id == listing.pk)
    close = next(one for one in index.best(query, scores, mask, 9, lambda _ids: {}) if one.id == listing.pk)
    return {"whole": whole.score, "close": close.score}


def test_the_best_sentence_lifts_a_listing_for_those_who_may_read_it(matcher: m.Matcher) -> None:
    listing = fill()

    public, network = terms_of(listing, "public"), terms_of(listing, "network")

    assert network["close"] > network["whole"] + 0.1
    assert public["close"] < network["close"] - 0.2


def test_a_hidden_sentence_changes_nothing_for_everybody_else(matcher: m.Matcher) -> None:
    listing = fill()
    told, shown = terms_of(listing, "public"), finding.why(ANYONE, listing, ASKED)
    ListingDetail.objects.update(
        description="Something else entirely. Another sentence of the details. A third."
    )
    Listing.objects.filter(pk=listing.pk).update(needs_encoding=True)
    indexing.encode_pending()
    build.refresh(rebuild=True)

    listing = Listing.objects.get(pk=listing.pk)

    assert terms_of(listing, "public") == told
    assert finding.why(ANYONE, listing, ASKED) == shown
    assert shown is None or shown.passage in PUBLIC


def test_explaining_reads_the_stored_ones_and_encodes_no_listing(matcher: m.Matcher) -> None:
    listing = fill()
    finding.encoded(ASKED, "en")
    encoders = [encoder for encoder in matcher.encoders.values() if isinstance(encoder, WordEncoder)]
    before = [encoder.encoded for encoder in encoders]

    why = finding.why(ANYONE, listing, ASKED)

    assert why is not None
    assert [encoder.encoded for encoder in encoders] == before


def test_those_of_an_older_text_are_left_alone(matcher: m.Matcher) -> None:
    listing = fill()
    text = tiertexts.public_text(listing)
    assert len(sentences.of_texts([text])[listing.pk]["e5"]) == len(m.sentences(text.own))
    listing.teasers.update(summary=PUBLIC.replace("founded", "closed"))

    assert sentences.of_texts([tiertexts.public_text(Listing.objects.get(pk=listing.pk))]) == {}


def test_a_text_of_one_sentence_has_none_and_waits_for_none(matcher: m.Matcher) -> None:
    listing = make_listing(title="", summary="A dryer for fruit")

    indexing.encode_pending()

    stored = ListingVector.objects.get(listing=listing)
    assert stored.e5_sentences == stored.use_sentences == b""
    assert not indexing.to_encode().exists()


def test_listings_encoded_before_there_were_any_are_encoded_again(matcher: m.Matcher) -> None:
    listing = fill()
    ListingVector.objects.update(e5_sentences=None, use_sentences=None)
    build.refresh(rebuild=True)
    without = terms_of(listing, "network")
    assert without["close"] == pytest.approx(without["whole"])

    assert indexing.to_encode().count() == 4
    first = indexing.encode_pending(limit=1)
    rest = indexing.encode_pending()
    build.refresh(rebuild=True)

    assert (first.done + rest.done, rest.remaining) == (4, 0)
    assert not ListingVector.objects.filter(e5_sentences=None).exists()
    assert terms_of(listing, "network")["close"] > without["close"] + 0.1


def test_an_index_written_without_them_still_answers(matcher: m.Matcher) -> None:
    listing = fill()
    for parts in layout.pointer().values():
        for file in (layout.root() / parts["base"]).glob("sentences*"):
            file.unlink()
    reader._open.clear()

    found = terms_of(listing, "network")

    assert found["close"] == found["whole"]


def test_a_sentence_no_encoder_takes_stops_nobody_else(
    matcher: m.Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = WordEncoder.encode

    def picky(self: WordEncoder, texts: Sequence[str], role: Role) -> Vector:
        if "It is free." in texts:
            raise m.EncoderFailed("It cannot be encoded.", list(texts).index("It is free."))
        return real(self, texts, role)

    monkeypatch.setattr(WordEncoder, "encode", picky)

    fill()

    made = {
        v.listing.teasers.get().title: len(v.e5_sentences or b"") > 0 for v in ListingVector.objects.all()
    }
    assert made == {"About us": True, "Dryers for fruit": True, "Software plans tables": False, "Roofs": True}
