"""The served index gives every listing the score the matching engine gives it, whatever way it came in."""

import itertools

import pytest

from serai.engines import matching as m
from serai.exchange import sentences, tiertexts
from serai.exchange.actions import indexing
from serai.exchange.actions import matching as matches
from serai.exchange.index import build, reader
from serai.exchange.models import Listing, ListingDetail, ListingVector
from tests.factories import make_listing

pytestmark = pytest.mark.django_db

TIERS = ("public", "network")
TEXTS = {
    "en": "A membrane that takes drug residues out of waste water at {n} °C, tested to ISO 14001 in {n} hospitals.",
    "de": "Eine Membran entfernt Arzneimittel aus Abwasser bei {n} °C, geprüft nach ISO 14001 in {n} Kliniken.",
    "fr": "Une membrane retire les médicaments des eaux usées à {n} °C, selon ISO 9001, dans {n} hôpitaux.",
    "es": "Una membrana quita restos de fármacos de las aguas residuales a {n} °C con TiO2 en {n} hospitales.",
    "sw": "Utando unaoondoa mabaki ya dawa kutoka kwa maji taka kwa {n} °C katika hospitali {n}.",
}
NEED = (
    "Wanted in {n} towns: a membrane for waste water that works at no more than 45 °C, ISO 14001. {language}"
)


def fill(first: int, count: int) -> None:
    """Offers and requests in five languages; every third offer has details for members."""
    for n in range(first, first + count):
        for language, text in TEXTS.items():
            listing = make_listing(title=f"{language} {n}", summary=text.format(n=40 + n), language=language)
            if n % 3 == 0:
                more = f"Unobtainium {n} at {n + 50} °C."
                ListingDetail.objects.create(listing=listing, language=language, description=more)
            asked = NEED.format(n=n, language=" ".join(text.split()[: 3 + n % 5]))
            make_listing(title=f"? {language} {n}", summary=asked, language=language, direction="request")


def stored(direction: str) -> list[Listing]:
    return list(matches.with_conditions(Listing.objects.filter(direction=direction).order_by("pk")))


def document_of(listing: Listing, tier: str) -> m.Document:
    vector = matches.vector_of(listing, tier)
    assert vector is not None
    found = {"e5": vector.e5_passage, "use": vector.use}
    vectors = {key: matches._half(value) for key, value in found.items() if value is not None}
    text = tiertexts.text_of(listing, tier).own
    within = sentences.unpacked({"e5": vector.e5_sentences, "use": vector.use_sentences})
    assert {len(rows) for rows in within.values()} == {len(m.sentences(text))}
    return m.Document(listing.pk.hex, vector.language, text, vectors, frozenset(vector.tokens), within)


def question_of(listing: Listing, tier: str) -> m.Query:
    vector = matches.vector_of(listing, tier)
    assert vector is not None
    return matches.ask(listing, tier, vector)


def served(index: reader.Index, query: m.Query, tier: str, k: int) -> list[tuple[str, float]]:
    scores, offers = index.scores(query, "offer"), index.mask(reader.Wanted(direction="offer"))
    found = index.best(query, scores, offers, k, lambda ids: tiertexts.texts(ids, tier=tier))
    return [(one.id.hex, one.score) for one in found]


def same(ours: list[tuple[str, float]], engines: tuple[m.Hit, ...]) -> None:
    assert [score for _id, score in ours] == pytest.approx([hit.score for hit in engines], abs=1e-4)
    scores = {hit.id: hit.score for hit in engines}
    for (pk, score), hit in zip(ours, engines, strict=True):
        # Two texts that differ by a rounding may change places, and only they.
        assert pk == hit.id or scores.get(pk, score) == pytest.approx(hit.score, abs=1e-4)


@pytest.mark.parametrize("tier", TIERS)
def test_scores_and_order_are_the_engines(matcher: m.Matcher, tier: str) -> None:
    fill(0, 12)
    indexing.encode_pending()
    build.refresh()
    index = reader.opened(tier)
    assert index is not None
    documents = [document_of(listing, tier) for listing in stored("offer")]
    needs = [question_of(listing, tier) for listing in stored("request")]
    engine = m.Index.build(documents, m.gather(documents, needs).centring(), log=needs)

    learnt, expected = index.parts[0].engine.calibration, engine.calibration
    assert learnt.same_factor == expected.same_factor != m.Calibration().same_factor
    assert learnt.pairs.keys() == expected.pairs.keys()
    assert len(learnt.pairs) == 25
    terms = set()
    for query in needs[::7]:
        hits = engine.search(query, 20)
        same(served(index, query, tier, 20), hits)
        terms |= {name for hit in hits for name, value in hit.terms.items() if value}
    assert terms == {"meaning", "language", "hub", "tokens", "passage", "limits"}


@pytest.mark.parametrize("tier", TIERS)
def test_what_came_later_is_scored_like_the_rest(matcher: m.Matcher, tier: str) -> None:
    fill(0, 6)
    indexing.encode_pending()
    build.refresh(rebuild=True)
    base = reader.opened(tier)
    assert base is not None
    fill(6, 2)
    changed = Listing.objects.filter(direction="offer").order_by("pk").first()
    assert changed is not None
    changed.teasers.update(summary="A dryer for fruit that runs at 90 °C.")
    Listing.objects.filter(pk=changed.pk).update(needs_encoding=True)
    indexing.encode_pending()
    build.refresh()
    index = reader.opened(tier)
    assert index is not None
    assert len(index.parts) == 4
    assert index.parts[0] is base.parts[0]
    of_base = base.parts[0].engine
    documents = [document_of(listing, tier) for listing in stored("offer")]
    engine = m.Index.build(documents, of_base.centring, log=of_base.log, calibration=of_base.calibration)
    for listing in stored("request")[::5]:
        query = question_of(listing, tier)
        same(served(index, query, tier, 20), engine.search(query, 20))


def test_offers_and_requests_found_together_keep_their_own_scores(matcher: m.Matcher) -> None:
    fill(0, 6)
    indexing.encode_pending()
    build.refresh()
    index = reader.opened("public")
    assert index is not None
    query = question_of(stored("request")[0], "public")
    apart = {}
    for direction in ("offer", "request"):
        scores, mask = index.scores(query, direction), index.mask(reader.Wanted(direction=direction))
        found = index.best(query, scores, mask, 30, lambda ids: tiertexts.texts(ids, tier="public"))
        apart |= {one.id: one.score for one in found}

    mask = index.mask(reader.Wanted())
    together = index.best(
        query, index.scores(query), mask, 60, lambda ids: tiertexts.texts(ids, tier="public")
    )

    assert {one.id: one.score for one in together} == pytest.approx(apart, abs=1e-5)
    assert len(apart) == 60


def test_the_next_page_follows_on_the_one_before(matcher: m.Matcher) -> None:
    fill(0, 30)
    indexing.encode_pending()
    build.refresh()
    index = reader.opened("public")
    assert index is not None
    query = question_of(stored("request")[0], "public")
    scores, mask = index.scores(query, "offer"), index.mask(reader.Wanted(direction="offer"))

    pages = [index.best(query, scores, mask, k, lambda _ids: {}) for k in (20, 40, 120, 150)]

    for shorter, longer in itertools.pairwise(pages):
        assert longer[: len(shorter)] == shorter


def test_an_index_of_another_engine_is_built_anew(
    matcher: m.Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(0, 1)
    indexing.encode_pending()

    assert set(build.refresh().values()) == {"base"}
    assert set(build.refresh().values()) == {"tail"}
    monkeypatch.setattr(build, "FORMAT", "another")
    assert set(build.refresh().values()) == {"base"}


def test_vectors_are_those_of_the_tier(matcher: m.Matcher) -> None:
    fill(0, 1)
    indexing.encode_pending()
    build.refresh()

    public, network = reader.opened("public"), reader.opened("network")

    assert public is not None
    assert network is not None
    assert ListingVector.objects.filter(tier="network").count() == len(TEXTS)
    known = [set(index.parts[0].engine.postings) for index in (public, network)]
    assert known[0] <= known[1]
