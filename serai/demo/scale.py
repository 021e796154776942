"""A node of the size a large network has: 100,000 organisations and 100,000 listings, for measuring.

Nothing here is real. Texts are put together from some hundred real sentences in about forty languages, and their
vectors from the real encodings of those sentences (the mean of a text's sentences, with a little noise, so that no
two are the same): the search compares vectors such as a real node has, and filling takes minutes instead of the
hours that encoding 100,000 texts would. Rows are copied into the tables, past the actions; every one is marked as
invented and has the source `seed`.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from serai.accounts.models import User
from serai.core import audit
from serai.core.errors import Conflict
from serai.core.owner import measure_tables
from serai.demo.network import rows as demo_rows
from serai.directory.models import Organisation, Place
from serai.engines import matching as m
from serai.engines.matching.train import parallel
from serai.engines.matching.types import Role, Vector
from serai.exchange import encoding, words
from serai.exchange.models import Listing
from serai.exchange.sentences import packed

SOURCE = "seed"
MODEL = "composed from the encodings of sentences"
NOISE = 0.12
"""Length of the noise added to a vector of length one."""

CHUNK = 2000
Tell = Callable[[str], None]

# Shares of languages and countries fall as they do in open registers: a few hold most, many hold a little.
_FIRST_LANGUAGES = ("en", "zh", "es", "fr", "ru", "ar", "de", "pt", "ja", "ko", "it", "tr", "pl", "id", "vi")
_FIRST_COUNTRIES = (
    "US", "CN", "GB", "DE", "FR", "IN", "JP", "ES", "IT", "BR", "CA", "RU", "KR", "AU", "NL", "PL", "CH", "SE", "TR", "MX",
)  # fmt: skip
_KINDS = (
    ("firm", 24), ("sme", 20), ("university", 16), ("institute", 12), ("start_up", 8), ("healthcare", 6), ("nonprofit", 4),
    ("facility", 3), ("funder", 2), ("investor", 2), ("transfer_centre", 1), ("science_park", 1), ("incubator", 1),
)  # fmt: skip
_LISTING_KINDS = (
    ("technology", 50), ("research", 18), ("business", 12), ("service", 6), ("equipment", 4), ("investment", 4), ("talent", 2),
    ("application_scenario", 2), ("space", 1), ("market_information", 1),
)  # fmt: skip
_ORGANISATION_STATES = (
    ("listed", 640),
    ("verified", 330),
    ("under_verification", 2),
    ("withdrawn", 18),
    ("dissolved", 10),
)
_LISTING_STATES = (("published", 900), ("expired", 60), ("withdrawn", 20), ("draft", 18), ("in_review", 2))
_NAMES = {
    "university": (
        "University of {}",
        "Université de {}",
        "Universidad de {}",
        "Technische Universität {}",
        "{}大学",
    ),
    "institute": ("{} Institute of Technology", "Институт {}", "Institut für Forschung {}", "{}研究院"),
    "healthcare": ("{} Hospital", "Hôpital {}", "Klinikum {}"),
    "": ("{} Ltd", "{} GmbH", "{} S.A.", "ООО {}", "{} 株式会社", "{} A.Ş.", "شركة {}"),
}
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ren",
    "sol",
    "ta",
    "vi",
    "zen",
    "or",
    "el",
    "bra",
    "dun",
    "fer",
    "gor",
    "han",
    "ju",
    "nor",
    "pel",
)
_TOKENS = ("ISO 9001", "ISO 14001", "TRL 6", "TRL 7", "CO2", "IP67", "TiO2", "RS-485", "ATEX", "GMP")
_LIMITS = ("≤ 45 °C", "≥ 20 kW", "≤ 80 dB", "≥ 500 kg")


def fill(*, seed: int, organisations: int, listings: int, tell: Tell) -> None:
    """Fill a node that holds the demonstration and nothing else.

    The same seed gives the same rows. Raises Conflict on a node with anything real.
    """
    _refuse_what_is_real()
    rng = random.Random(seed)  # noqa: S311  a seeded node is reproducible, not secret
    sentences = _sentences()
    tell(f"{sum(map(len, sentences.values()))} sentences in {len(sentences)} languages to encode")
    encoded = _encoded(sentences)
    tell("sentences encoded")
    with transaction.atomic():
        homes = _organisations(rng, organisations)
        tell(f"{organisations} organisations")
        for start in range(0, listings, CHUNK):
            _listings(rng, start, min(CHUNK, listings - start), homes, encoded)
            if (start // CHUNK) % 10 == 9:
                tell(f"{start + CHUNK} listings")
        audit.record(
            actor=None,
            action="node.seeded",
            obj=Organisation.objects.get(pk=homes[0]),
            data={"organisations": organisations, "listings": listings, "seed": seed},
        )
    measure_tables()
    tell("done")


def _refuse_what_is_real() -> None:
    real = Organisation.objects.filter(is_invented=False), User.objects.filter(is_invented=False)
    if any(rows.exists() for rows in real):
        raise Conflict(
            "This node holds organisations or people that are real. Only a node without any is filled."
        )


# --- sentences --------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Sentence:
    """A real sentence, its search words and its real encodings by (model, role)."""

    text: str
    is_offer: bool
    words: str
    vectors: dict[tuple[str, Role], Vector]


def _sentences() -> dict[str, list[tuple[str, bool]]]:
    """Language to (sentence, whether it offers): those of the engine, whose first half offers, and the demo's."""
    found = {
        lang: [(text, n < len(texts) // 2) for n, text in enumerate(texts)]
        for lang, texts in parallel().items()
    }
    for row in demo_rows("listings.tsv"):
        if row["lang"] in found:
            found[row["lang"]].append((row["summary"], row["direction"] == Listing.Direction.OFFER))
    return found


def _encoded(sentences: dict[str, list[tuple[str, bool]]]) -> dict[str, list[Sentence]]:
    encoded: dict[str, list[Sentence]] = {}
    matcher = encoding.patient()
    for language, rows in sentences.items():
        texts, languages = [text for text, _offers in rows], [language] * len(rows)
        passages, queries = (matcher.vectors(texts, languages, role) for role in ("passage", "query"))
        encoded[language] = []
        for (text, is_offer), passage, query in zip(rows, passages, queries, strict=True):
            vectors: dict[tuple[str, Role], Vector] = {(key, "passage"): v for key, v in passage.items()}
            vectors |= {(key, "query"): v for key, v in query.items()}
            encoded[language].append(Sentence(text, is_offer, " ".join(words.words(text)), vectors))
    return encoded


def _vector(
    noise: np.random.Generator, sentences: Sequence[Sentence], key: str, role: Role
) -> HalfVector | None:
    if (key, role) not in sentences[0].vectors:
        return None
    mean = np.stack([one.vectors[key, role] for one in sentences]).astype(np.float32).mean(axis=0)
    mean /= np.linalg.norm(mean)
    mean += NOISE / np.sqrt(len(mean)) * noise.standard_normal(len(mean), np.float32)
    return HalfVector((mean / np.linalg.norm(mean)).astype(np.float16))


def _within(sentences: Sequence[Sentence], key: str) -> bytes:
    found = [one.vectors[key, "passage"] for one in sentences if (key, "passage") in one.vectors]
    return packed(np.stack(found) if found else None)


# --- organisations ----------------------------------------------------------------------------------------
def _organisations(rng: random.Random, count: int) -> list[UUID]:
    places = {place.code: place for place in Place.objects.filter(kind=Place.Kind.COUNTRY)}
    codes = [*(c for c in _FIRST_COUNTRIES if c in places), *sorted(set(places) - set(_FIRST_COUNTRIES))]
    weights = _falling(len(codes))
    now, homes, names = timezone.now(), [], []
    columns = (
        "id created_at updated_at name name_language kinds status country_id city latitude longitude established "
        "website domains size_class sectors fields_of_science source source_ref source_modified content_hash "
        "is_invented status_note"
    )

    def lines() -> Iterator[Sequence[Any]]:
        for number in range(count):
            pk, kind = _uuid(rng), _pick(rng, _KINDS)
            place = places[rng.choices(codes, weights)[0]]
            name = _name(rng, kind)
            status = _pick(rng, _ORGANISATION_STATES)
            latitude = (
                None if place.latitude is None else max(-85.0, min(85.0, place.latitude + rng.gauss(0, 2)))
            )
            longitude = None if place.longitude is None else place.longitude + rng.gauss(0, 2)
            if status in ("listed", "verified"):
                homes.append(pk)
            names.append((_uuid(rng), now, now, pk, name, "", "label", ""))
            if rng.random() < 0.4:
                alias = "".join(word[0] for word in name.split()) + str(number % 97)
                names.append((_uuid(rng), now, now, pk, alias, "", "acronym", ""))
            yield (
                pk, now, now, name, "", [kind], status, place.pk, _word(rng), latitude, longitude,
                rng.randint(1850, 2025), "", [], "", [rng.choice("ACFJMN")], [], SOURCE, f"{number:07d}", "", "",
                True, "",
            )  # fmt: skip

    _copy("directory_organisation", columns, lines())
    _copy(
        "directory_organisationname",
        "id created_at updated_at organisation_id text language kind skeleton",
        ((*row[:7], f"seed {number}") for number, row in enumerate(names)),
    )
    return homes


def _name(rng: random.Random, kind: str) -> str:
    return rng.choice(_NAMES.get(kind, _NAMES[""])).format(f"{_word(rng)} {_word(rng)}")


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()


# --- listings ---------------------------------------------------------------------------------------------
def _listings(
    rng: random.Random, start: int, count: int, homes: Sequence[UUID], encoded: dict[str, list[Sentence]]
) -> None:
    languages = [
        *(x for x in _FIRST_LANGUAGES if x in encoded),
        *sorted(set(encoded) - set(_FIRST_LANGUAGES)),
    ]
    weights = _falling(len(languages))
    noise = np.random.default_rng([start, rng.getrandbits(32)])
    now = timezone.now()
    listings: list[tuple[Any, ...]] = []
    teasers: list[tuple[Any, ...]] = []
    details: list[tuple[Any, ...]] = []
    vectors: list[tuple[Any, ...]] = []
    texts: list[words.Row] = []
    for number in range(start, start + count):
        pk, language = _uuid(rng), rng.choices(languages, weights)[0]
        is_offer, has_detail = rng.random() < 0.6, rng.random() < 0.6
        pool = [one for one in encoded[language] if one.is_offer == is_offer] or encoded[language]
        chosen = rng.sample(pool, min(len(pool), rng.randint(2, 4)))
        token = f" {rng.choice(_TOKENS)}." if rng.random() < 0.15 else ""
        token += f" {rng.choice(_LIMITS)}." if rng.random() < 0.05 else ""
        title = f"{chosen[0].text.split(';')[0][:110].rstrip('.。')} · {number}"
        summary = " ".join(one.text for one in chosen[:2])[:1900] + token
        status = _pick(rng, _LISTING_STATES)
        published = datetime.now(UTC) - timedelta(minutes=rng.randint(1, 400_000))
        listings.append(
            (
                pk, now, now, rng.choice(homes), f"SEED{number:08d}", "offer" if is_offer else "request",
                _pick(rng, _LISTING_KINDS), status, "anonymous" if rng.random() < 0.1 else "named", language,
                rng.randint(1, 9) if rng.random() < 0.5 else None, "unknown",
                rng.sample(Listing.Partnership.values, rng.randint(1, 2)), [], [], [rng.choice("ACFJMN")], [], [],
                None, None, None, (now + timedelta(days=rng.randint(20, 360))).date(), published, "", "",
                False, 0, SOURCE, f"{number:08d}", "", True,
            )
        )  # fmt: skip
        text = (language, "written", "reviewed", "")
        teasers.append((_uuid(rng), now, now, *text, pk, title, summary, []))
        if has_detail:
            description = "\n".join(one.text for one in chosen)
            details.append((_uuid(rng), now, now, *text, pk, description, "", "", ""))
        if status != "published":
            continue
        both = [("public", chosen[:2]), *([("network", chosen)] if has_detail else [])]
        tokens = sorted(m.hard_tokens(f"{title}\n{summary}"))
        vectors += [
            (
                pk, tier, language, "", _vector(noise, some, "e5", "passage"), _vector(noise, some, "e5", "query"),
                _vector(noise, some, "use", "passage"), _within(some, "e5"), _within(some, "use"), tokens, MODEL, now,
            )
            for tier, some in both
        ]  # fmt: skip
        for tier, some in (both[0], ("network", both[-1][1])):
            line = " ".join((*(one.words for one in some), *words.words(f"{title} {token}")))
            texts.append(
                (pk, tier, [(name, line) for name in dict.fromkeys((words.stemmer(language), words.PLAIN))])
            )
    _copy(
        "exchange_listing",
        "id created_at updated_at organisation_id reference direction kind status disclosure language trl ip_status "
        "partnerships partner_kinds work_languages sectors fields_of_science sdgs trl_min trl_max deadline expires_on "
        "published_at hold_reason closed_as needs_encoding matching source source_ref content_hash is_invented",
        listings,
    )
    same = "id created_at updated_at language origin review source_language listing_id"
    _copy("exchange_listingteaser", f"{same} title summary keywords", teasers)
    _copy("exchange_listingdetail", f"{same} description advantages requirements ip_comment", details)
    _copy(
        "exchange_listingvector",
        "listing_id tier language text_hash e5_passage e5_query use e5_sentences use_sentences tokens model encoded_at",
        vectors,
    )
    words.write(texts)


# --- helpers ----------------------------------------------------------------------------------------------
def _copy(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    names = columns.split()
    connection.ensure_connection()
    assert connection.connection is not None
    register_vector(connection.connection)
    with connection.connection.cursor() as cursor:
        types = _types(cursor, table, names)
        statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def _types(cursor: Any, table: str, names: Sequence[str]) -> list[str]:
    """The types of these columns, as binary COPY must be told."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
        [table],
    )
    known = dict(cursor.fetchall())
    return [known[name].replace("character varying", "varchar") for name in names]


def _uuid(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def _pick(rng: random.Random, shares: Sequence[tuple[str, int]]) -> str:
    return rng.choices([value for value, _share in shares], [share for _value, share in shares])[0]


def _falling(count: int) -> list[float]:
    return [1 / (place + 2) for place in range(count)]
