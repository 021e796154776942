"""Building the index from the stored raw vectors: a base of everything, a tail of what changed since."""

import fcntl
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
from serai.engines.matching.index import LOG
from serai.engines.matching.store import SentenceWriter
from serai.engines.matching.types import Role, Vector
from serai.exchange import sentences
from serai.exchange.index import layout
from serai.exchange.models import Listing

TIERS = (Tier.PUBLIC, Tier.NETWORK)
OVERLAP = timedelta(minutes=2)
"""Changes this much older than the last look are looked at again: a slow transaction commits late."""

TAIL_ROWS = 2000
CHUNK = 500
KINDS = {value: code for code, value in enumerate(Listing.Kind.values)}
PARTNERSHIPS = {value: 1 << code for code, value in enumerate(Listing.Partnership.values)}
FORMAT = f"3.{m.ENGINE_VERSION}.{m.Parameters().version}"
"""A base of another format, or of an engine that scored otherwise, is built anew."""

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
    """What was read of one tier, ordered by listing id: documents for the engine, facts for the filters.

    `statistics` count their vectors in as passages; the vectors of their sentences go straight `within` a file.
    """

    documents: list[m.Document] = field(default_factory=list)
    statistics: m.Statistics = field(default_factory=m.Statistics)
    within: SentenceWriter | None = None
    facts: list[tuple[bytes, int, str, int, int]] = field(default_factory=list)
    sectors: dict[str, list[int]] = field(default_factory=dict)

    def add(self, chunk: Iterable[tuple[Any, ...]]) -> None:
        for (
            pk,
            language,
            e5,
            use,
            parts,
            use_parts,
            tokens,
            kind,
            country,
            trl,
            partnerships,
            sectors,
        ) in chunk:
            number = len(self.documents)
            document = m.Document(pk.hex, language, "", _vectors(e5, use), frozenset(tokens))
            self.documents.append(document)
            if self.within is not None:
                self.within.add({"e5": bytes(parts or b""), "use": bytes(use_parts or b"")})
            bits = sum(PARTNERSHIPS.get(p, 0) for p in partnerships)
            self.facts.append((pk.bytes, KINDS[kind], country or "", trl or 0, bits))
            for sector in sectors:
                self.sectors.setdefault(sector, []).append(number)


def _vectors(e5: bytes, use: bytes | None) -> dict[str, Vector]:
    return {"e5": _half(e5)} if use is None else {"e5": _half(e5), "use": _half(use)}


def _half(data: bytes) -> Vector:
    """The numbers of a halfvec as PostgreSQL sends it: two 16-bit heads, then big-endian half floats."""
    return np.frombuffer(bytes(data), ">f2", offset=4).astype(np.float16)


def read(tier: str, direction: str, within: SentenceWriter, ids: list[UUID] | None = None) -> Rows:
    """Published listings of a direction with a vector of `tier`, all or only `ids`."""
    column, joins = _PICK[Tier(tier)]
    names = ("language", "e5_passage", "use", "e5_sentences", "use_sentences", "tokens")
    language, e5, use, parts, use_parts, tokens = (column.format(name) for name in names)
    sql = (
        f"SELECT l.id, {language}, halfvec_send({e5}), halfvec_send({use}), {parts}, {use_parts}, {tokens}, "  # noqa: S608
        f"l.kind, p.code, l.trl, l.partnerships, l.sectors FROM exchange_listing l {joins} "
        "JOIN directory_organisation o ON o.id = l.organisation_id "
        "LEFT JOIN directory_place p ON p.id = o.country_id WHERE l.status = 'published' AND l.direction = %s "
        + ("" if ids is None else "AND l.id = ANY(%s) ")
        + "ORDER BY l.id"
    )
    rows = Rows(within=within)
    with _streaming(sql, [direction] if ids is None else [direction, ids]) as chunks:
        for chunk in chunks:
            rows.add(chunk)
            _count(rows.statistics, "passage", rows.documents[-len(chunk) :])
    return rows


def asked(tier: str, direction: str, statistics: m.Statistics) -> list[m.Query]:
    """What published listings of a direction ask for, counted into `statistics`; a sample of them, evenly spread."""
    column, joins = _PICK[Tier(tier)]
    language, e5, use = (column.format(name) for name in ("language", "e5_query", "use"))
    sql = (
        f"SELECT l.id, {language}, halfvec_send({e5}), halfvec_send({use}) FROM exchange_listing l {joins} "  # noqa: S608
        "WHERE l.status = 'published' AND l.direction = %s ORDER BY l.id"
    )
    published = Listing.objects.filter(status=Listing.Status.PUBLISHED, direction=direction)
    every, number = max(1, published.count() // LOG), 0
    log: list[m.Query] = []
    with _streaming(sql, [direction]) as chunks:
        for chunk in chunks:
            queries = [m.Query(pk.hex, lang, "", _vectors(a, b)) for pk, lang, a, b in chunk]
            _count(statistics, "query", queries)
            log += [query for at, query in enumerate(queries, start=number) if at % every == 0]
            number += len(queries)
    return log


def _count(statistics: m.Statistics, role: Role, items: Sequence[m.Document | m.Query]) -> None:
    """As the engine's `gather` does, a language at a time."""
    found: dict[tuple[str, str], list[Vector]] = defaultdict(list)
    for item in items:
        for key, vector in item.vectors.items():
            found[key, item.language].append(vector)
    for (key, language), vectors in found.items():
        statistics.add(key, role, language, np.stack(vectors))


@contextmanager
def _streaming(sql: str, parameters: list[Any]) -> Iterator[Iterator[list[tuple[Any, ...]]]]:
    """Chunks of rows by a server-side cursor: 100,000 rows of vectors are read in pieces."""
    with transaction.atomic():
        connection.ensure_connection()
        assert connection.connection is not None
        with connection.connection.cursor(name="exchange_index") as cursor:
            cursor.execute(sql, parameters)
            yield iter(lambda: cursor.fetchmany(CHUNK), [])


# --- building ---------------------------------------------------------------------------------------------
@contextmanager
def builder_lock() -> Iterator[None]:
    """One builder at a time on this machine."""
    layout.root().mkdir(parents=True, exist_ok=True)
    with (layout.root() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refresh(*, rebuild: bool = False) -> dict[str, Literal["base", "tail"]]:
    """Bring the index of every tier and direction up to what is stored. Says what was written for each."""
    with builder_lock():
        return {
            layout.key(tier, direction): _refresh(tier, direction, rebuild)
            for tier in TIERS
            for direction in Listing.Direction.values
        }


def _refresh(tier: str, direction: str, rebuild: bool) -> Literal["base", "tail"]:
    looked_at = timezone.now()
    parts = layout.pointer().get(layout.key(tier, direction))
    if parts is None or rebuild or layout.format_of(parts["base"]) != FORMAT:
        return _build_base(tier, direction, looked_at)
    base = layout.read(parts["base"])
    changed = _changed_since(datetime.fromisoformat(base.meta["built_at"]))
    if len(changed) > max(TAIL_ROWS, len(base) // 10):
        return _build_base(tier, direction, looked_at)
    return _build_tail(tier, direction, base, changed, looked_at)


def _changed_since(moment: datetime) -> list[UUID]:
    rows = Listing.objects.filter(updated_at__gt=moment - OVERLAP)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _build_base(tier: str, direction: str, looked_at: datetime) -> Literal["base"]:
    """Centres, hubness and calibration are learnt from what a pool is asked: offers by requests, requests by offers."""
    name = _named(tier, direction, looked_at)
    with SentenceWriter(layout.begin(name), sentences.SIZES) as within:
        rows = read(tier, direction, within)
    log = asked(tier, Listing.Direction(direction).opposite, rows.statistics)
    engine = m.Index.build(rows.documents, rows.statistics.centring(), log=log)
    _write(name, tier, direction, rows, engine, looked_at, statistics=rows.statistics.to_bytes())
    layout.switch(tier, direction, {"base": name})
    return "base"


def _build_tail(
    tier: str, direction: str, base: layout.Part, changed: list[UUID], looked_at: datetime
) -> Literal["tail"]:
    """What changed since the base, scored as the base is: centres, calibration and log are its own.

    A new listing is found seconds after its vectors are there.
    """
    name = _named(tier, direction, looked_at)
    with SentenceWriter(layout.begin(name), sentences.SIZES) as within:
        rows = read(tier, direction, within, changed)
    of_base = base.engine
    engine = m.Index.build(rows.documents, of_base.centring, log=of_base.log, calibration=of_base.calibration)
    dead = [base.engine.place[pk.hex] for pk in changed if pk.hex in base.engine.place]
    _write(name, tier, direction, rows, engine, looked_at, dead=dead)
    layout.switch(tier, direction, {"base": base.name, "tail": name})
    return "tail"


def _named(tier: str, direction: str, looked_at: datetime) -> str:
    return f"{tier}-{direction}-{looked_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"


def _write(
    name: str, tier: str, direction: str, rows: Rows, engine: m.Index, looked_at: datetime, **more: Any
) -> None:
    countries = sorted({fact[2] for fact in rows.facts})
    meta = {
        "format": FORMAT,
        "tier": tier,
        "direction": direction,
        "built_at": looked_at.isoformat(),
        "countries": countries,
        "engine": engine.version,
    }
    layout.write(name, engine, _facts(rows, countries), meta=meta, sectors=rows.sectors, **more)


def _facts(rows: Rows, countries: list[str]) -> dict[str, NDArray[Any]]:
    code = {name: code for code, name in enumerate(countries)}
    facts = rows.facts
    return {
        "ids": np.frombuffer(b"".join(fact[0] for fact in facts), np.uint8).reshape(len(facts), 16),
        "kind": np.array([fact[1] for fact in facts], np.uint8),
        "country": np.array([code[fact[2]] for fact in facts], np.int16),
        "trl": np.array([fact[3] for fact in facts], np.uint8),
        "partnerships": np.array([fact[4] for fact in facts], np.uint32),
    }
