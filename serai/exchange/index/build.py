"""Building the index from the stored raw vectors: a base of everything, a tail of what changed since."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from serai.core.tiers import Tier
from serai.engines import matching as m
from serai.exchange.index import layout, scoring
from serai.exchange.index.scoring import E5, USE, Asked
from serai.exchange.models import Listing

TIERS = (Tier.PUBLIC, Tier.NETWORK)
OVERLAP = timedelta(minutes=2)
"""Changes this much older than the last look are looked at again: a slow transaction commits late."""

TAIL_ROWS = 2000
LOG_SIZE = 256
CHUNK = 2000
DIRECTIONS = {Listing.Direction.OFFER.value: 0, Listing.Direction.REQUEST.value: 1}
KINDS = {value: code for code, value in enumerate(Listing.Kind.values)}
PARTNERSHIPS = {value: 1 << code for code, value in enumerate(Listing.Partnership.values)}

# A network row stands for a listing with details, its public row for one without.
_PICK = {
    Tier.PUBLIC: ("v.{0}", "JOIN exchange_listingvector v ON v.listing_id = l.id AND v.tier = 'public'"),
    Tier.NETWORK: (
        "CASE WHEN n.id IS NULL THEN v.{0} ELSE n.{0} END",
        "JOIN exchange_listingvector v ON v.listing_id = l.id AND v.tier = 'public' "
        "LEFT JOIN exchange_listingvector n ON n.listing_id = l.id AND n.tier = 'network'",
    ),
}


@dataclass
class Rows:
    """What was read of one tier, ordered by listing id: raw vectors and the facts filters ask for."""

    ids: list[bytes] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    e5: list[NDArray[np.float16]] = field(default_factory=list)
    asked: list[NDArray[np.float16]] = field(default_factory=list)
    use: list[NDArray[np.float16]] = field(default_factory=list)
    facts: list[tuple[int, int, str, int, int]] = field(default_factory=list)
    sectors: dict[str, list[int]] = field(default_factory=dict)
    tokens: dict[str, list[int]] = field(default_factory=dict)

    def add(self, row: tuple[Any, ...]) -> None:
        pk, language, e5, asked, use, tokens, direction, kind, country, trl, partnerships, sectors = row
        number = len(self.ids)
        self.ids.append(pk.bytes)
        self.languages.append(language)
        self.e5.append(_half(e5, E5))
        self.asked.append(_half(asked, E5))
        self.use.append(_half(use, USE))
        bits = sum(PARTNERSHIPS.get(p, 0) for p in partnerships)
        self.facts.append((DIRECTIONS[direction], KINDS[kind], country or "", trl or 0, bits))
        for sector in sectors:
            self.sectors.setdefault(sector, []).append(number)
        for token in tokens:
            self.tokens.setdefault(token, []).append(number)


def _half(data: bytes | memoryview | None, dimension: int) -> NDArray[np.float16]:
    """The numbers of a halfvec as PostgreSQL sends it: two 16-bit heads, then big-endian half floats."""
    if data is None:
        return np.zeros(dimension, np.float16)
    return np.frombuffer(bytes(data), ">f2", offset=4).astype(np.float16)


def read(tier: str, ids: list[UUID] | None = None) -> Rows:
    """Published listings with a vector of `tier`, all or only `ids`."""
    column, joins = _PICK[Tier(tier)]
    names = ("language", "e5_passage", "e5_query", "use", "tokens")
    picked = [column.format(name) for name in names]
    for at in (1, 2, 3):
        picked[at] = f"halfvec_send({picked[at]})"
    sql = (
        f"SELECT l.id, {', '.join(picked)}, l.direction, l.kind, p.code, l.trl, l.partnerships, l.sectors "  # noqa: S608
        f"FROM exchange_listing l {joins} JOIN directory_organisation o ON o.id = l.organisation_id "
        "LEFT JOIN directory_place p ON p.id = o.country_id WHERE l.status = 'published' "
        + ("" if ids is None else "AND l.id = ANY(%s) ")
        + "ORDER BY l.id"
    )
    rows = Rows()
    with transaction.atomic(), _streaming() as cursor:
        cursor.execute(sql, None if ids is None else [ids])
        while chunk := cursor.fetchmany(CHUNK):
            for row in chunk:
                rows.add(row)
    return rows


@contextmanager
def _streaming() -> Iterator[Any]:
    """A server-side cursor: 100,000 rows of vectors are read in pieces."""
    connection.ensure_connection()
    assert connection.connection is not None
    with connection.connection.cursor(name="exchange_index") as cursor:
        yield cursor


# --- building ---------------------------------------------------------------------------------------------
@contextmanager
def builder_lock() -> Iterator[None]:
    """One builder at a time on this machine."""
    layout.root().mkdir(parents=True, exist_ok=True)
    with (layout.root() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refresh(*, rebuild: bool = False) -> dict[str, Literal["base", "tail", "same"]]:
    """Bring every tier's index up to what is stored. Says what was written for each."""
    with builder_lock():
        return {tier: _refresh(tier, rebuild) for tier in TIERS}


def _refresh(tier: str, rebuild: bool) -> Literal["base", "tail", "same"]:
    looked_at = timezone.now()
    parts = layout.pointer().get(tier)
    if parts is None or rebuild:
        return _build_base(tier, looked_at)
    base = layout.read(parts["base"])
    changed = _changed_since(datetime.fromisoformat(base.meta["built_at"]))
    if len(changed) > max(TAIL_ROWS, len(base) // 20) or base.meta["format"] != FORMAT:
        return _build_base(tier, looked_at)
    return _build_tail(tier, base, parts, changed, looked_at)


FORMAT = 1


def _changed_since(moment: datetime) -> list[UUID]:
    rows = Listing.objects.filter(updated_at__gt=moment - OVERLAP)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _build_base(tier: str, looked_at: datetime) -> Literal["base"]:
    rows = read(tier)
    statistics = gather(rows)
    name = f"{tier}-{looked_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    centring = statistics.centring()
    languages = sorted(set(rows.languages))
    countries = sorted({fact[2] for fact in rows.facts})
    e5 = _centred_file(name, "e5", centring, rows.languages, rows.e5, E5)
    use = _centred_file(name, "use", centring, rows.languages, rows.use, USE)
    in_use = np.asarray([m.use_info().knows(x) for x in rows.languages], bool) & (np.abs(use).sum(1) > 0)
    hub = scoring.hubness(e5, use, in_use, query_log(rows, centring))
    arrays = {**_facts(rows, languages, countries), "e5": e5, "use": use, "in_use": in_use, "hub": hub}
    meta = {
        "format": FORMAT,
        "tier": tier,
        "built_at": looked_at.isoformat(),
        "languages": languages,
        "countries": countries,
        "centring": centring.version,
        "engine": f"{m.ENGINE_VERSION}.{scoring.PARAMETERS.version}",
    }
    layout.write(
        name, arrays, meta=meta, sectors=rows.sectors, tokens=rows.tokens, statistics=statistics.to_bytes()
    )
    layout.switch(tier, {"base": name})
    return "base"


def gather(rows: Rows) -> m.Statistics:
    """Sums and counts per model, role and language: what the centres are made of."""
    statistics = m.Statistics()
    languages = np.asarray(rows.languages)
    for language in sorted(set(rows.languages)):
        at = np.flatnonzero(languages == language)
        statistics.add("e5", "passage", language, np.stack([rows.e5[i] for i in at]))
        statistics.add("e5", "query", language, np.stack([rows.asked[i] for i in at]))
        if m.use_info().knows(language):
            use = np.stack([rows.use[i] for i in at])
            statistics.add("use", "passage", language, use)
            statistics.add("use", "query", language, use)
    return statistics


def _centred_file(
    name: str,
    key: Literal["e5", "use"],
    centring: m.Centring,
    languages: list[str],
    vectors: list[NDArray[np.float16]],
    dimension: int,
) -> NDArray[np.float32]:
    """The centred unit rows, written straight into the part's file."""
    if not vectors:
        return np.zeros((0, dimension), np.float32)
    out = layout.memory(name, key, (len(vectors), dimension))
    for start in range(0, len(vectors), CHUNK):
        end = start + CHUNK
        out[start:end] = centring.apply_all(
            key, "passage", languages[start:end], np.stack(vectors[start:end])
        )
    out.flush()
    return out


def _facts(rows: Rows, languages: list[str], countries: list[str]) -> dict[str, NDArray[Any]]:
    language_code = {name: code for code, name in enumerate(languages)}
    country_code = {name: code for code, name in enumerate(countries)}
    facts = rows.facts
    return {
        "ids": np.frombuffer(b"".join(rows.ids), np.uint8).reshape(len(rows.ids), 16),
        "direction": np.array([fact[0] for fact in facts], np.uint8),
        "kind": np.array([fact[1] for fact in facts], np.uint8),
        "country": np.array([country_code[fact[2]] for fact in facts], np.int16),
        "trl": np.array([fact[3] for fact in facts], np.uint8),
        "partnerships": np.array([fact[4] for fact in facts], np.uint32),
        "language": np.array([language_code[x] for x in rows.languages], np.int16),
    }


def query_log(rows: Rows, centring: m.Centring) -> list[Asked]:
    """A sample of what listings ask for, evenly spread: queries to measure hubness with."""
    step = max(1, len(rows.ids) // LOG_SIZE)
    return [
        centred_query(centring, rows.languages[i], rows.asked[i], rows.use[i])
        for i in range(0, len(rows.ids), step)
    ][:LOG_SIZE]


def centred_query(
    centring: m.Centring,
    language: str,
    e5: NDArray[np.float16],
    use: NDArray[np.float16] | None,
    tokens: frozenset[str] = frozenset(),
) -> Asked:
    knows = use is not None and m.use_info().knows(language) and bool(np.any(use))
    other = centring.apply("use", "query", language, use)[0] if knows and use is not None else None
    return Asked(centring.apply("e5", "query", language, e5)[0], other, tokens)


def _build_tail(
    tier: str, base: layout.Part, parts: dict[str, str], changed: list[UUID], looked_at: datetime
) -> Literal["tail", "same"]:
    """What changed since the base, centred like it: a new listing is found seconds after its vectors are there."""
    rows = read(tier, changed)
    statistics = m.Statistics.from_bytes(base.statistics)
    centring = statistics.centring()
    languages = sorted({*base.meta["languages"], *rows.languages})
    countries = sorted({*base.meta["countries"], *(fact[2] for fact in rows.facts)})
    e5 = centring.apply_all("e5", "passage", rows.languages, _stack(rows.e5, E5))
    use = centring.apply_all("use", "passage", rows.languages, _stack(rows.use, USE))
    in_use = np.asarray([m.use_info().knows(x) for x in rows.languages], bool) & (np.abs(use).sum(1) > 0)
    hub = np.full(len(rows.ids), base.arrays["hub"].mean() if len(base) else 0.0, np.float32)
    name = f"{tier}-{looked_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}-tail"
    arrays = {**_facts(rows, languages, countries), "e5": e5, "use": use, "in_use": in_use, "hub": hub}
    meta = {**base.meta, "built_at": looked_at.isoformat(), "languages": languages, "countries": countries}
    layout.write(
        name,
        arrays,
        meta=meta,
        sectors=rows.sectors,
        tokens=rows.tokens,
        statistics=b"",
        dead=_rows_of(base, changed),
    )
    layout.switch(tier, {"base": parts["base"], "tail": name})
    return "tail"


def _stack(vectors: list[NDArray[np.float16]], dimension: int) -> NDArray[np.float16]:
    return np.stack(vectors) if vectors else np.zeros((0, dimension), np.float16)


def _rows_of(base: layout.Part, ids: list[UUID]) -> list[int]:
    return [row for row in rows_of(base, ids) if row >= 0]


def rows_of(part: layout.Part, ids: list[UUID]) -> list[int]:
    """Row number of each id, -1 for those a part does not hold. Rows stand in the order of their ids."""
    if not len(part) or not ids:
        return [-1] * len(ids)
    keys = np.ascontiguousarray(part.arrays["ids"]).view("S16").ravel()
    wanted = np.array([pk.bytes for pk in ids], "S16")
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return [int(row) if keys[row] == key else -1 for row, key in zip(found, wanted, strict=True)]
