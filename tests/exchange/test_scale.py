"""A seeded node: invented through and through, the same for the same seed, found like any other, never real."""

from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from serai.core.viewer import ANYONE
from serai.demo import scale
from serai.directory.models import Organisation
from serai.engines import matching as m
from serai.exchange import finding
from serai.exchange.actions import indexing
from serai.exchange.index import build
from serai.exchange.models import Listing, ListingVector
from serai.exchange.queries import Filters
from tests.factories import make_organisation, make_place

pytestmark = pytest.mark.django_db


def fill(**more: Any) -> None:
    for code in ("PL", "CN", "BR"):
        make_place(code)
    scale.fill(seed=1, organisations=40, listings=60, tell=lambda _text: None, **more)


def test_everything_is_marked_as_invented_and_can_be_found(matcher: m.Matcher) -> None:
    fill()
    build.refresh(rebuild=True)

    assert Organisation.objects.filter(is_invented=True, source="seed").count() == 40
    assert Listing.objects.filter(is_invented=True, source="seed").count() == 60
    listing = Listing.objects.filter(status="published", language="en").first()
    assert listing is not None
    title = listing.teasers.get().title
    results = finding.search(ANYONE, title, Filters())
    assert [hit.listing for hit in results.exact] == [listing]
    assert results.meant
    assert not indexing.to_encode().exists()


def test_vectors_are_near_those_of_their_sentences(matcher: m.Matcher) -> None:
    fill()
    stored = ListingVector.objects.filter(tier="public", language="en").first()
    assert stored is not None
    text = stored.listing.teasers.get().summary
    real = matcher.vectors([text], ["en"], "passage")[0]["e5"].astype(float)
    composed = np.asarray(stored.e5_passage, float)

    near = real @ composed / (real @ real) ** 0.5 / (composed @ composed) ** 0.5

    assert near > 0.9
    assert stored.model == scale.MODEL


def test_a_node_with_anything_real_is_left_alone(matcher: m.Matcher) -> None:
    make_organisation()

    with pytest.raises(CommandError, match="real"):
        call_command("seed", "--scale")

    assert not Listing.objects.exists()


def test_no_node_is_filled_twice(matcher: m.Matcher) -> None:
    fill()

    call_command("seed", "--scale", stdout=StringIO())

    assert Listing.objects.count() == 60
