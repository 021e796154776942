"""Vectors of the sentences of a tier's text, as they are stored beside those of the whole: of that tier, and of no other.

They are rows of little-endian float16, one for each of the engine's `sentences` of the text; a text of one sentence
has none, because the whole is its own. Nothing (NULL) stands where they have not been made yet.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

import numpy as np

from serai.engines.matching.index import E5_DIMENSION, USE_DIMENSION
from serai.engines.matching.types import Vector
from serai.exchange.models import ListingVector
from serai.exchange.tiertexts import TierText

SIZES = {"e5": E5_DIMENSION, "use": USE_DIMENSION}
_HALF = np.dtype("<f2")


def packed(vectors: Vector | None) -> bytes:
    return b"" if vectors is None else np.ascontiguousarray(vectors, _HALF).tobytes()


def unpacked(stored: Mapping[str, bytes | memoryview | None]) -> dict[str, Vector]:
    """By model what is there: the engine's `Document.sentences`."""
    return {
        key: np.frombuffer(bytes(data), _HALF).reshape(-1, SIZES[key]) for key, data in stored.items() if data
    }


def of_texts(texts: Iterable[TierText]) -> dict[UUID, dict[str, Vector]]:
    """The stored vectors of these texts' sentences, by listing; left out where the stored ones are of another text."""
    wanted = {(text.listing_id, str(text.tier)): text.digest for text in texts}
    rows = ListingVector.objects.filter(
        listing_id__in=[pk for pk, _tier in wanted], tier__in={tier for _pk, tier in wanted}
    ).values_list("listing_id", "tier", "text_hash", "e5_sentences", "use_sentences")
    return {
        pk: unpacked({"e5": e5, "use": use})
        for pk, tier, digest, e5, use in rows
        if wanted.get((pk, tier)) == digest
    }
