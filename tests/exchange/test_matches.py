"""Matches: counterparts under both sides' conditions, with reasons of the tier one may read."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serai.accounts.models import User
from serai.core.templatetags import ui as ui_tags
from serai.core.viewer import ANYONE
from serai.engines import matching as m
from serai.exchange import actions, pairs, policies, queries, shapes, tiertexts
from serai.exchange.actions import indexing, matching
from serai.exchange.index import build
from serai.exchange.models import Listing, ListingDetail, Match
from tests.factories import make_listing, make_member, make_organisation, make_place

pytestmark = pytest.mark.django_db
NEAREST = matching.Standing(1, (), is_indexed=True)
NEED = "membrane against drug residues in waste water"


def matched() -> None:
    indexing.encode_pending()
    build.refresh()
    while matching.match_pending():
        continue


def need(**what_matters: Any) -> Listing:
    return make_listing(direction="request", title=NEED, summary="Sought.", **what_matters)


def offer(**what_matters: Any) -> Listing:
    return make_listing(direction="offer", **{"title": NEED, "summary": "Offered.", **what_matters})


def others(listing: Listing, tier: str = "public") -> list[Listing]:
    return [row.other for row in Match.objects.filter(listing=listing, tier=tier).order_by("rank")]


def test_an_offer_meets_a_request_both_ways(matcher: m.Matcher) -> None:
    sought, offered = need(), offer()
    make_listing(direction="request", title=NEED)

    matched()

    assert others(sought) == [offered]
    assert others(offered)[0] == sought
    assert not matching.to_match().exists()


def test_what_means_something_else_is_no_match(matcher: m.Matcher) -> None:
    sought = need()
    offer(title="Desk space", summary="Rooms for people with bicycles.")

    matched()

    assert others(sought) == []


def test_nobody_is_matched_with_themselves(matcher: m.Matcher) -> None:
    organisation = make_organisation()
    sought = need(organisation=organisation)
    offer(organisation=organisation)

    matched()

    assert others(sought) == []


@pytest.mark.parametrize(
    ("wish", "bad", "good"),
    [
        ({"trl_min": 6}, {"trl": 4}, {"trl": 7}),
        ({"partner_kinds": ["university"]}, {"kinds": ["sme"]}, {"kinds": ["sme", "university"]}),
        ({"work_languages": ["fr"]}, {"work_languages": ["de"]}, {"work_languages": ["fr", "de"]}),
    ],
)
def test_conditions_keep_out_what_cannot_fit(
    matcher: m.Matcher, wish: dict[str, Any], bad: dict[str, Any], good: dict[str, Any]
) -> None:
    sought = need(**wish)
    for facts in (bad, good):
        kinds = facts.pop("kinds", ["sme", "university"])
        offer(organisation=make_organisation(kinds=kinds), **facts)

    matched()

    fitting = Listing.objects.filter(direction="offer").order_by("created_at").last()
    assert others(sought) == [fitting]


def test_a_place_may_be_a_grouping(matcher: m.Matcher) -> None:
    kenya, peru = make_place("KE"), make_place("PE")
    africa = make_place("x-africa", kind="grouping")
    africa.members.add(kenya)
    sought = need()
    sought.target_places.add(africa)
    inside = offer(organisation=make_organisation(country=kenya))
    outside = offer(organisation=make_organisation(country=peru))
    matching.places_of.cache_clear()

    matched()

    assert others(sought) == [inside]
    failed = matching.conditions(
        *matching.with_conditions(Listing.objects.filter(pk__in=[sought.pk, outside.pk]))
    )
    assert [x["rule"] for x in failed["failed"]] == ["place"]


def test_a_new_offer_reaches_the_request_that_was_there(matcher: m.Matcher) -> None:
    sought = need()
    matched()
    assert others(sought) == []

    offered = offer()
    matched()

    assert others(sought) == [offered]


def test_reasons_name_passages_terms_and_conditions(matcher: m.Matcher) -> None:
    sought = need(trl_min=6)
    Listing.objects.filter(pk=sought.pk)
    sought.teasers.update(summary="It must meet ISO 14001.")
    offered = offer(trl=7, summary="Certified to ISO 14001.")

    matched()

    reasons = Match.objects.get(listing=sought, tier="public").reasons
    assert reasons["shared"] == ["ISO14001"]
    assert reasons["conditions"] == {"failed": [], "unknown": [], "met": ["trl"]}
    text = tiertexts.text_of(offered, "public").own
    for pair in reasons["pairs"]:
        start, end = pair["theirs_at"]
        assert text[start:end] == pair["theirs"]


def test_public_matches_rest_on_public_texts_only(matcher: m.Matcher, client: Client) -> None:
    sought, offered = need(), offer()
    ListingDetail.objects.create(listing=offered, language="en", description="The secret is unobtainium.")
    matched()
    member = make_member(make_organisation())

    stored = [str(row.reasons) for row in Match.objects.filter(tier="public")]
    assert "unobtainium" not in "".join(stored)
    assert {row.tier for row in queries.matches_of(ANYONE, sought)} == {"public"}
    assert {row.tier for row in queries.matches_of(member, sought)} == {"network"}
    pair = reverse("match_pair", args=[sought.pk, offered.pk])
    assert b"unobtainium" not in client.get(pair).content
    client.force_login(member)
    assert b"unobtainium" in client.get(pair).content


def test_matches_of_what_left_the_lists_are_not_shown(matcher: m.Matcher) -> None:
    sought, offered = need(), offer()
    matched()
    Listing.objects.filter(pk=offered.pk).update(status="withdrawn")

    assert list(policies.visible_matches(ANYONE)) == []
    assert list(queries.matches_of(ANYONE, sought)) == []


def test_sentences_are_encoded_once(matcher: m.Matcher) -> None:
    need()
    offer()
    matched()
    encoder: Any = matcher.encoders["use"]
    before = encoder.encoded

    Listing.objects.update(matching=Listing.Matching.CHANGED)
    matched()

    assert encoder.encoded == before


def test_passages_cut_the_text_at_the_matched_places() -> None:
    cut = pairs.passages("One. Two. Three.", [(5, 9), (-20, -10), (10, 16)])

    assert [(p.text, p.pair) for p in cut] == [("One.", ""), ("Two.", "1"), ("Three.", "3")]


MINE, THEIRS = "Brine to lithium", "Membranes for salt"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ([("We lose it.", THEIRS), ("No solvents.", "It needs none.")], "“It needs none.”"),
        ([("We lose it.", f"{THEIRS}.")], "It comes nearest to “We lose it.”"),
        ([], ""),
    ],
)
def test_a_match_does_not_give_its_own_title_as_the_reason(stored: list[tuple[str, str]], said: str) -> None:
    reasons = {"pairs": [{"mine": mine, "theirs": theirs} for mine, theirs in stored]}

    assert shapes.reason_line(reasons, [THEIRS]) == said


def test_a_reason_does_not_say_the_title_that_heads_the_list() -> None:
    reasons = {"pairs": [{"mine": MINE, "theirs": THEIRS}]}

    assert shapes.reason_line(reasons, [THEIRS], [f"{MINE}."]) == "It comes nearest to the title."


def spans(text: str, *parts: str) -> list[list[int]]:
    return [[text.index(part), text.index(part) + len(part)] for part in parts]


@pytest.mark.parametrize(
    ("mine", "theirs", "marked"),
    [
        ((MINE, "We lose it."), (THEIRS, "It needs none."), [1, 2]),  # titles, then sentences
        ((MINE,), ("It needs none.",), [1]),  # a title and a sentence
        (("We lose it.", "lose it. No"), (THEIRS, "It needs none."), [1]),  # the second lies on the first
    ],
)
def test_what_is_marked_has_its_partner_on_the_other_side(
    mine: tuple[str, ...], theirs: tuple[str, ...], marked: list[int]
) -> None:
    ours = make_listing(title=MINE, summary="We lose it. No solvents.", direction="request")
    other = make_listing(title=THEIRS, summary="They hold. It needs none.")
    texts = [tiertexts.text_of(one, "public").own for one in (ours, other)]
    places = zip(spans(texts[0], *mine), spans(texts[1], *theirs), strict=True)
    reasons = {"pairs": [{"mine_at": a, "theirs_at": b} for a, b in places]}

    shown = ui_tags.match(pairs.shape(ANYONE, ours, other, "public", reasons, set(), NEAREST))

    numbers = [
        sorted(n for n in (side["title_number"], *(n for _text, n in side["passages"])) if n)
        for side in shown["sides"]
    ]
    assert numbers == [marked, marked]


def test_any_pair_says_why_it_is_not_higher(matcher: m.Matcher, client: Client) -> None:
    sought = need(trl_min=6)
    low = offer(trl=3)
    matched()

    page = client.get(reverse("match_pair", args=[sought.pk, low.pk])).content.decode()

    assert "A condition is not met" in page
    assert "Wanted: 6–9. Here: 3." in page


def test_what_fails_a_condition_counts_for_nobody_s_place(matcher: m.Matcher, client: Client) -> None:
    sought = need(trl_min=6)
    offer(trl=3)  # nearer in meaning, and out
    fitting = offer(trl=7, summary="Offered with other words around it.")
    second = offer(trl=8, summary="Other bicycles, other desks, with many other words around the one need.")
    matched()

    listed = others(sought)
    places = [matching.standing(sought, one, "public").place for one in listed]
    page = client.get(reverse("match_pair", args=[sought.pk, fitting.pk])).content.decode()
    after = client.get(reverse("match_pair", args=[sought.pk, second.pk])).content.decode()

    assert listed == [fitting, second]
    assert places == [1, 2]
    assert "this text is the nearest in meaning" in page
    assert "Why not higher" not in page
    assert "1 is nearer in meaning" in after


def test_the_list_looks_for_itself_until_matches_are_there(matcher: m.Matcher, client: Client) -> None:
    sought, _offered = need(), offer()
    matched()
    Listing.objects.filter(pk=sought.pk).update(matching=Listing.Matching.AGAIN)
    page, progress = reverse("match_list", args=[sought.pk]), reverse("match_progress", args=[sought.pk])

    waiting, asked = client.get(page).content.decode(), client.get(progress)
    Listing.objects.filter(pk=sought.pk).update(matching=Listing.Matching.DONE)
    over = client.get(progress)

    assert f'hx-get="{progress}"' in waiting
    assert f'<a href="{page}">Look again</a>' in waiting  # without scripts
    assert "HX-Refresh" not in asked.headers
    assert over.headers["HX-Refresh"] == "true"
    assert "hx-get" not in client.get(page).content.decode().split("<main")[1].split("row-item")[0]


def test_a_match_has_its_title_in_the_reader_s_language(matcher: m.Matcher, client: Client) -> None:
    sought = need()
    theirs = offer(language="pl", title="Membrana do ścieków")
    actions.save_teaser(
        listing=theirs, language="en", title="Membrane for waste water", summary="Same.", by=owner_of(theirs)
    )
    matched()

    page = client.get(reverse("match_pair", args=[sought.pk, theirs.pk])).content.decode()
    side = page.split('<section class="match-side"')[2].split("</section>")[0]
    heading, text = side.split("</h3>")

    assert 'lang="en"' in heading
    assert "Membrane for waste water" in heading
    assert "Membrana do ścieków" in text
    assert 'class="match-text" lang="pl"' in text


def owner_of(listing: Listing) -> User:
    return make_member(listing.organisation)


def test_a_listing_is_compared_by_its_reference(matcher: m.Matcher, client: Client) -> None:
    sought, offered = need(), offer()

    answer = client.get(reverse("match_list", args=[sought.pk]), {"other": offered.reference.lower()})
    unknown = client.get(reverse("match_list", args=[sought.pk]), {"other": "XX"})

    assert answer["Location"] == reverse("match_pair", args=[sought.pk, offered.pk])
    assert b"There is no published listing" in unknown.content


def test_the_list_costs_the_same_for_one_and_three_matches(
    matcher: m.Matcher, client: Client, member: User
) -> None:
    sought = need()
    offer()
    matched()
    url = reverse("match_list", args=[sought.pk])
    client.force_login(member)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    offer()
    offer()
    matched()

    with CaptureQueriesContext(connection) as three:
        page = client.get(url)

    assert page.content.count(b'class="row-item"') == 3
    assert len(three) == len(one)


@pytest.fixture
def member() -> User:
    return make_member(make_organisation())
