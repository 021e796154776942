"""One search in any language: policy before ranking, exact words apart, two worlds alike."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serai.accounts.models import User
from serai.core.viewer import ANYONE, Viewer
from serai.engines import matching as m
from serai.exchange import actions, finding, tiertexts, words
from serai.exchange.actions import indexing
from serai.exchange.index import build, reader
from serai.exchange.models import Listing, ListingDetail, ListingSearch, ListingVector
from serai.exchange.queries import Filters
from tests.factories import make_listing, make_member, make_organisation, make_place

pytestmark = pytest.mark.django_db


def indexed(*, rebuild: bool = True) -> None:
    indexing.encode_pending()
    build.refresh(rebuild=rebuild)


def titles(hits: Any) -> list[str]:
    return [hit.listing.teasers.all()[0].title for hit in hits]


def found(viewer: Viewer, text: str, **filters: Any) -> tuple[list[str], list[str]]:
    results = finding.search(viewer, text, Filters(**filters))
    return titles(results.exact), titles(results.meant)


@pytest.fixture
def member() -> User:
    return make_member(make_organisation())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Water-treatment, ISO 9001", ["water", "treatment", "iso", "9001"]),
        ("去除污水", ["去除", "除污", "污水"]),
        ("膜", ["膜"]),
        ("ขมิ้น", ["ขม", "มิ", "ิ้", "้น"]),
        ("Straße ПРИБОР", ["strasse", "прибор"]),
        ("", []),
    ],
)
def test_words_are_cut_for_every_script(text: str, expected: list[str]) -> None:
    assert words.words(text) == expected


def test_exact_words_lead_as_their_own_group(matcher: m.Matcher) -> None:
    make_listing(title="Nanofiltration membrane", summary="For waste water.")
    make_listing(title="Waste water plant", summary="A plant without filters.")
    indexed()

    exact, meant = found(ANYONE, "nanofiltration membrane")

    assert (exact, meant) == (["Nanofiltration membrane"], ["Waste water plant"])


def test_words_are_found_by_their_stems(matcher: m.Matcher) -> None:
    make_listing(title="Membranes for hospitals", summary="Text.")
    indexed()

    assert found(ANYONE, "membrane hospital")[0] == ["Membranes for hospitals"]


@pytest.mark.parametrize(
    "status", ["draft", "in_review", "on_hold", "rejected", "withdrawn", "expired", "closed"]
)
def test_only_published_listings_are_found(matcher: m.Matcher, status: str) -> None:
    listing = make_listing(title="Nanofiltration membrane")
    indexed()
    Listing.objects.filter(pk=listing.pk).update(status=status, closed_as="found_here")

    assert found(listing.owner or ANYONE, "nanofiltration membrane") == ([], [])


def test_a_withdrawn_listing_is_gone_before_the_index_knows(matcher: m.Matcher) -> None:
    owner = make_member(make_organisation())
    listing = make_listing(title="Nanofiltration membrane", organisation=owner.memberships.get().organisation)
    make_listing(title="Solar dryer")
    indexed()

    actions.withdraw_listing(listing=listing, by=owner)

    assert found(ANYONE, "nanofiltration membrane") == ([], ["Solar dryer"])


def test_a_new_listing_joins_the_tail_of_the_index(matcher: m.Matcher) -> None:
    make_listing(title="Solar dryer")
    indexed()
    make_listing(title="Nanofiltration membrane")

    indexed(rebuild=False)

    index = reader.opened("public")
    assert index is not None
    assert ([len(part) for part in index.parts], len(index)) == ([1, 2, 0, 0], 2)
    assert found(ANYONE, "something about a dryer") == ([], ["Solar dryer", "Nanofiltration membrane"])


def test_words_are_found_before_the_index_is_built(matcher: m.Matcher) -> None:
    make_listing(title="Solar dryer")
    indexing.write_words()

    results = finding.search(ANYONE, "solar dryer", Filters())

    assert (titles(results.exact), results.by_meaning) == (["Solar dryer"], "building")


def test_without_encoders_the_words_still_answer(matcher: m.Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    make_listing(title="Solar dryer")
    indexed()

    def fail(*_arguments: Any) -> Any:
        raise m.EncoderUnavailable("gone")

    monkeypatch.setattr(matcher, "vectors", fail)
    results = finding.search(ANYONE, "solar dryer", Filters())

    assert (titles(results.exact), results.by_meaning) == (["Solar dryer"], "unavailable")


@pytest.mark.parametrize(
    "filters",
    [
        {"direction": "request"},
        {"kind": "space"},
        {"place": "KE"},
        {"place": "x-africa"},
        {"sector": "A"},
        {"partnership": "licence"},
        {"language": "fr"},
        {"trl": 7},
    ],
)
def test_filters_are_applied_before_the_ranking(matcher: m.Matcher, filters: dict[str, Any]) -> None:
    kenya = make_place("KE")
    make_place("x-africa", kind="grouping").members.add(kenya)
    make_listing(title="Solar dryer")
    make_listing(
        title="Autre chose",
        direction="request",
        kind="space",
        organisation=make_organisation(country=kenya),
        sectors=["A"],
        partnerships=["pilot", "licence"],
        language="fr",
        trl=8,
    )
    indexed()

    assert found(ANYONE, "solar dryer", **filters) == ([], ["Autre chose"])


def two_worlds(detail: str) -> Listing:
    listing = make_listing(title="A thing", summary="It does something useful.")
    make_listing(title="Another thing", summary="It does something else.")
    ListingDetail.objects.create(listing=listing, language="en", description=detail)
    return listing


def test_a_word_of_the_network_text_tells_a_stranger_nothing(
    matcher: m.Matcher, client: Client, member: User
) -> None:
    """The same question in two worlds that differ in one network text: byte for byte the same answer."""
    listing = two_worlds("Nothing to see here.")
    indexed()
    before = client.get(reverse("search"), {"q": "unobtainium ISO 9001"}).content
    ListingDetail.objects.filter(listing=listing).update(description="We use unobtainium and ISO 9001.")
    Listing.objects.filter(pk=listing.pk).update(needs_encoding=True)
    indexed()
    finding.encoded.cache_clear()
    cache.clear()

    after = client.get(reverse("search"), {"q": "unobtainium ISO 9001"}).content

    assert _plain(after) == _plain(before)
    assert found(ANYONE, "unobtainium")[0] == found(ANYONE, "flubberium")[0] == []
    assert found(member, "unobtainium")[0] == ["A thing"]


def _plain(page: bytes) -> bytes:
    """Without the form tokens, which differ in every answer."""
    return re.sub(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+|nonce="[^"]+"', b"", page)


def test_public_rows_are_made_of_the_teaser_only(matcher: m.Matcher) -> None:
    listing = two_worlds("Nothing to see here.")
    indexed()
    before = _public(listing)
    ListingDetail.objects.filter(listing=listing).update(description="We use unobtainium.")
    Listing.objects.filter(pk=listing.pk).update(needs_encoding=True)

    indexed()

    assert _public(listing) == before


def _public(listing: Listing) -> tuple[Any, ...]:
    vector = ListingVector.objects.get(listing=listing, tier="public")
    index = reader.opened("public")
    assert index is not None
    means = index.centring("offer").version
    words_there = ListingSearch.objects.get(listing=listing, tier="public").words
    return (vector.text_hash, vector.e5_passage, vector.tokens, words_there, means)


def test_a_title_the_summary_begins_with_is_said_once() -> None:
    listing = make_listing(
        title="A dryer for fruit. It runs …", summary="A dryer for fruit. It runs on the sun."
    )

    text = tiertexts.public_text(listing)

    assert (text.own, text.title, text.body_at) == (
        "A dryer for fruit. It runs on the sun.", "A dryer for fruit. It runs …", 0,
    )  # fmt: skip
    listing.teasers.update(summary="For mangoes.")
    assert tiertexts.public_text(Listing.objects.get(pk=listing.pk)).body_at == len(text.title) + 1


def test_details_taken_away_leave_no_vector(matcher: m.Matcher) -> None:
    listing = two_worlds("We use unobtainium.")
    indexed()
    listing.details.all().delete()
    Listing.objects.filter(pk=listing.pk).update(needs_encoding=True)

    indexed()

    assert list(listing.vectors.values_list("tier", flat=True)) == ["public"]


def test_encoding_twice_encodes_nothing_again(matcher: m.Matcher) -> None:
    make_listing()
    indexed()
    encoder: Any = matcher.encoders["e5"]
    before = encoder.encoded
    Listing.objects.update(needs_encoding=True)

    indexed()

    assert encoder.encoded == before
    assert not indexing.to_encode().exists()


def test_a_text_that_changes_meanwhile_stays_marked(
    matcher: m.Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = make_listing(title="Before")
    vectors = indexing._vectors

    def meanwhile(*arguments: Any) -> Any:
        made = vectors(*arguments)
        listing.teasers.update(title="After")
        return made

    monkeypatch.setattr(indexing, "_vectors", meanwhile)
    indexing.encode_batch([listing.pk], matcher)

    assert list(indexing.to_encode()) == [listing]


def test_a_text_that_cannot_be_encoded_does_not_stop_the_others(
    matcher: m.Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_listing(title="Poison")
    make_listing(title="Solar dryer")
    encoder: Any = matcher.encoders["e5"]
    real = encoder.encode

    def fussy(texts: Any, role: Any) -> Any:
        for position, text in enumerate(texts):
            if "Poison" in text:
                raise m.EncoderFailed("no", position)
        return real(texts, role)

    monkeypatch.setattr(encoder, "encode", fussy)
    indexed()

    assert ListingVector.objects.count() == 2
    assert found(ANYONE, "poison")[0] == ["Poison"]


def test_why_shows_the_passage_of_the_tier_one_may_read(
    matcher: m.Matcher, client: Client, member: User
) -> None:
    listing = two_worlds("We use unobtainium.")
    indexed()
    url = reverse("search_why", args=[listing.pk])

    for_strangers = client.get(url, {"q": "unobtainium"}, headers={"hx-request": "true"}).content.decode()
    client.force_login(member)
    for_members = client.get(url, {"q": "unobtainium"}, headers={"hx-request": "true"}).content.decode()

    assert "unobtainium" not in for_strangers
    assert "We use unobtainium." in for_members


def test_a_title_is_not_repeated_as_the_reason(matcher: m.Matcher, client: Client) -> None:
    listing = make_listing(title="Solar dryer for rice", summary="Built by farmers.")
    indexed()
    url = reverse("search_why", args=[listing.pk])

    answer = client.get(url, {"q": "solar dryer rice"}, headers={"hx-request": "true"}).content.decode()

    assert "Its title comes nearest to your words." in answer
    assert "<q" not in answer


def test_the_page_costs_the_same_for_one_and_three_results(matcher: m.Matcher, client: Client) -> None:
    make_listing(title="Solar dryer one")
    indexed()
    client.get(reverse("search"), {"q": "solar dryer"})
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("search"), {"q": "solar dryer"})
    make_listing(title="Solar dryer two")
    make_listing(title="Wind mill")
    indexed()

    with CaptureQueriesContext(connection) as three:
        page = client.get(reverse("search"), {"q": "solar dryer"})

    assert page.content.count(b'class="row-item"') == 3
    assert len(three) == len(one)


@pytest.mark.parametrize(
    ("text", "page", "language"),
    [
        ("hydrogen storage", "en", "en"),  # alone taken for Danish
        ("hydrogen storage", "zh-hans", "en"),
        ("hydrogen storage", "fr", "fr"),
        ("magazynowanie wodoru w kawernach solnych przy elektrowni", "en", "pl"),
        ("lọc nước", "en", "vi"),
        ("氢能", "en", "zh"),
        ("7 %", "ar", "ar"),
    ],
)
def test_language_of_a_query(text: str, page: str, language: str) -> None:
    assert finding._language(text, page.split("-")[0]) == language


def test_what_is_only_the_nearest_is_told_apart(matcher: m.Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    make_listing(title="Solar dryer for fruit")
    indexed()

    monkeypatch.setattr(finding, "CLOSE", -1.0)
    near = finding.search(ANYONE, "dryer of mangoes by the sun", Filters())
    monkeypatch.setattr(finding, "CLOSE", 2.0)
    far = finding.search(ANYONE, "dryer of mangoes by the sun", Filters())

    assert [hit.is_close for hit in near.meant] == [True]
    assert [hit.is_close for hit in far.meant] == [False]
