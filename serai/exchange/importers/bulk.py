"""Writing many imported listings at once, the same for every format.

An imported listing is published as its source published it (the operator or steward who imports vouches for
the source; the audit log says so), unless its deadline has passed: then it is kept as expired. What members
bring for their own organisation are drafts (`Draft`). Addresses found in the texts are taken out of them and
kept with the contact, which is shown only after both sides said yes.
"""

import hashlib
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from serai.accounts.models import User
from serai.core.imports.copying import copy_in, put_back
from serai.core.imports.framework import Ids, Importer, delete_rows
from serai.core.imports.rows import Change, Fault, Options, Outcome, Refusal, Row
from serai.core.imports.said import said as _
from serai.core.models import Link
from serai.directory.models import Organisation, OrganisationName, Place, Relation
from serai.exchange.addresses import Found, take_out
from serai.exchange.models import (
    Listing,
    ListingContact,
    ListingDetail,
    ListingSearch,
    ListingTeaser,
    ListingVector,
    Match,
)
from serai.exchange.news import encode_soon
from serai.exchange.policies import EDITABLE
from serai.exchange.references import allocate, prefix

SUMMARY_LENGTH = 600
NAME_LENGTH = 500
REF_LENGTH = 200
LIMITS = {"title": 300, "summary": 2000, "text": 40_000}
KEYWORD_LENGTH, MOST_KEYWORDS = 80, 30
DEFAULT_LIFE = timedelta(days=365)
_STOPS = (". ", "。", "! ", "? ", "؟ ", "।", "！", "？", "\n")


@dataclass
class Imported:
    """One listing as a source states it. Texts may hold addresses; `write` takes them out."""

    ref: str
    row: Row
    organisation: Organisation
    direction: str
    kind: str
    language: str
    title: str
    summary: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    deadline: date | None = None
    published_on: date | None = None
    contact_note: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """What of it matters for "did it change": everything but where it stood."""
        content = [
            str(self.organisation.pk), self.direction, self.kind, self.language, self.title, self.summary,
            self.description, self.keywords, str(self.deadline), str(self.published_on), self.contact_note, self.values,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def cuts(
    *, title: str, summary: str, text: str, keywords: Sequence[str], columns: Mapping[str, str] | None = None
) -> tuple[Fault, ...]:
    """What a listing cannot hold of its texts, to be said in the report; `columns` is field → header."""
    names = columns or {}
    faults = [
        Fault(names.get(field, field), _("it was cut after {limit} characters").format(limit=LIMITS[field]))
        for field, value in (("title", title), ("summary", summary), ("text", text))
        if len(value) > LIMITS[field]
    ]
    if len(keywords) > MOST_KEYWORDS or any(len(word) > KEYWORD_LENGTH for word in keywords):
        reason = _("only the first {count} were taken, {limit} characters of each")
        faults.append(
            Fault(
                names.get("keywords", "keywords"),
                reason.format(count=MOST_KEYWORDS, limit=KEYWORD_LENGTH),
            )
        )
    return tuple(faults)


def ref_of(name: str) -> str:
    """What an organisation goes by where a source gives it nothing but a name."""
    return name if len(name) <= REF_LENGTH else hashlib.sha256(name.encode()).hexdigest()


def each_once(rows: Iterable[Row | Refusal]) -> Iterator[Row | Refusal]:
    """Refuse rows whose `ref` stood in the file before: which of them is meant cannot be known."""
    seen: dict[str, int] = {}
    for row in rows:
        if isinstance(row, Row):
            ref = row.data["ref"]
            if ref in seen:
                reason = _("the same listing stands on line {line} already").format(line=seen[ref])
                yield Refusal(row.file, row.line, "", reason)
                continue
            seen[ref] = row.line
        yield row


@dataclass(frozen=True)
class Draft:
    """Listings that members bring for their own organisation: drafts, which they send to review themselves."""

    owner: User


def write(source: str, items: Iterable[Imported], *, draft: Draft | None = None) -> Outcome:
    """Create, update or leave each listing (each `ref` once, see `each_once`)."""
    outcome = Outcome()
    listed = list(items)
    here = Listing.objects.filter(source=source, source_ref__in=[i.ref for i in listed])
    known = dict(here.values_list("source_ref", "content_hash"))
    new = [item for item in listed if item.ref not in known]
    changed = {i.ref: i for i in listed if i.ref in known and known[i.ref] != i.digest}
    outcome.unchanged = len(listed) - len(new) - len(changed)
    # Keys stay: others may go on to refer to these listings, as matches do, without waiting for the import to end.
    rows = here.filter(source_ref__in=changed).order_by("pk").select_for_update(no_key=True)
    for listing in rows.prefetch_related("teasers", "details"):
        item = changed[listing.source_ref]
        if draft is not None and listing.status not in EDITABLE:
            reason = _("the listing {reference} is no draft any more; take it back first").format(
                reference=listing.reference
            )
            outcome.refusals.append(Refusal(item.row.file, item.row.line, "", reason))
            continue
        outcome.changes.append(Change("listing", listing.pk, item.row.line, snapshot(listing)))
        _update(listing, item, draft)
        outcome.updated += 1
    outcome.changes += _create(source, new, draft)
    outcome.created = len(new)
    return outcome


def _create(source: str, items: list[Imported], draft: Draft | None) -> list[Change]:
    rows = [Listing(source=source, source_ref=item.ref) for item in items]
    stems = [
        prefix(organisation=i.organisation, kind=i.kind, direction=i.direction, day=timezone.localdate())
        for i in items
    ]
    free = {stem: iter(allocate(stem, count)) for stem, count in Counter(stems).items()}
    for listing, item, stem in zip(rows, items, stems, strict=True):
        listing.reference = next(free[stem])
        _fill(listing, item, draft)
    copy_in(Listing, rows)
    texts = [_texts(listing, item) for listing, item in zip(rows, items, strict=True)]
    copy_in(ListingTeaser, [teaser for teaser, _detail, _contact in texts])
    copy_in(ListingDetail, [detail for _teaser, detail, _contact in texts if detail])
    copy_in(ListingContact, [contact for _teaser, _detail, contact in texts if contact])
    copy_in(Link, [_link(listing) for listing in rows])
    return [Change("listing", x.pk, i.row.line) for x, i in zip(rows, items, strict=True)]


def _fill(listing: Listing, item: Imported, draft: Draft | None) -> None:
    listing.organisation = item.organisation
    listing.direction = item.direction
    listing.kind = item.kind
    listing.language = item.language
    listing.deadline = item.deadline
    listing.content_hash = item.digest
    listing.needs_encoding = True
    listing.matching = Listing.Matching.CHANGED
    for name, value in item.values.items():
        setattr(listing, name, value)
    if draft is not None:
        listing.owner = draft.owner
        return
    today = timezone.localdate()
    published = item.published_on or today
    listing.expires_on = item.deadline or max(published, today) + DEFAULT_LIFE
    listing.published_at = datetime.combine(published, time(12), tzinfo=timezone.get_default_timezone())
    is_over = listing.expires_on < today
    listing.status = Listing.Status.EXPIRED if is_over else Listing.Status.PUBLISHED


def _texts(
    listing: Listing, item: Imported
) -> tuple[ListingTeaser, ListingDetail | None, ListingContact | None]:
    title, in_title = _without_addresses(item.title)
    summary, in_summary = _without_addresses(item.summary)
    description, in_description = _without_addresses(item.description)
    found = list(dict.fromkeys(f.value for f in [*in_title, *in_summary, *in_description]))
    teaser = ListingTeaser(
        listing=listing,
        language=item.language,
        title=title[: LIMITS["title"]],
        summary=summary[: LIMITS["summary"]],
        keywords=[word[:KEYWORD_LENGTH] for word in item.keywords][:MOST_KEYWORDS],
    )
    detail = None
    if description and description != summary:
        detail = ListingDetail(
            listing=listing, language=item.language, description=description[: LIMITS["text"]]
        )
    note = "\n".join([*([item.contact_note] if item.contact_note else []), *found])
    return teaser, detail, ListingContact(listing=listing, note=note[:4000]) if note else None


# What every address has: an at sign, however it is spelt, or a run of figures. Most texts have neither, and looking
# for this first is ten times as quick as looking for addresses.
_SUSPICIOUS = re.compile(r"[@＠]|[\[({]\s?(?:at|AT|а)|\d[\d\s()./-]{4,}\d")


def _without_addresses(text: str) -> tuple[str, list[Found]]:
    return take_out(text) if _SUSPICIOUS.search(text) else (text, [])


def _link(listing: Listing) -> Link:
    return Link(
        source_kind="organisation",
        source_id=listing.organisation_id,
        relation=Link.Relation.PUBLISHED,
        target_kind="listing",
        target_id=listing.pk,
    )


def _update(listing: Listing, item: Imported, draft: Draft | None) -> None:
    _fill(listing, item, draft)
    listing.save()
    teaser, detail, contact = _texts(listing, item)
    _forget_texts(Listing.objects.filter(pk=listing.pk))
    for row in (teaser, detail, contact):
        if row is not None:
            row.save()


def _forget_texts(listings: QuerySet[Listing]) -> None:
    """Texts go, and with them the search words and vectors made of them; the worker makes new ones."""
    for model in (ListingTeaser, ListingDetail, ListingContact, ListingSearch, ListingVector):
        model.objects.filter(listing__in=listings).delete()


_KEPT = (
    "organisation_id", "direction", "kind", "status", "language", "trl", "trl_min", "trl_max", "ip_status", "partnerships",
    "partner_kinds", "work_languages", "sectors", "fields_of_science", "sdgs", "deadline", "expires_on", "published_at",
    "content_hash",
)  # fmt: skip


def snapshot(listing: Listing) -> dict[str, Any]:
    """What `restore` needs to put a listing back."""
    return {
        "fields": {n: _plain(getattr(listing, n)) for n in _KEPT},
        "teasers": list(listing.teasers.values("language", "title", "summary", "keywords")),
        "details": list(listing.details.values("language", "description")),
        "notes": list(ListingContact.objects.filter(listing=listing).values("note")),
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | list) else str(value)


def restore(befores: Mapping[uuid.UUID, Any]) -> None:
    """Put listings back to what `snapshot` kept of them; their search words and vectors are made anew."""
    changed = {"needs_encoding": True, "matching": str(Listing.Matching.CHANGED)}
    put_back(Listing, {pk: before["fields"] | changed for pk, before in befores.items()})
    _forget_texts(Listing.objects.filter(pk__in=befores))
    ListingTeaser.objects.bulk_create(
        ListingTeaser(listing_id=pk, **teaser)
        for pk, before in befores.items()
        for teaser in before["teasers"]
    )
    ListingDetail.objects.bulk_create(
        ListingDetail(listing_id=pk, **detail)
        for pk, before in befores.items()
        for detail in before["details"]
    )
    ListingContact.objects.bulk_create(
        ListingContact(listing_id=pk, **note) for pk, before in befores.items() for note in before["notes"]
    )


def opening(text: str, length: int = SUMMARY_LENGTH) -> str:
    """The beginning of a text, cut at the end of a sentence if there is one in its second half."""
    if len(text) <= length:
        return text
    head = text[:length]
    cut = max((head.rfind(stop) + len(stop.rstrip()) for stop in _STOPS if stop in head), default=0)
    return head[:cut].rstrip() if cut > length // 2 else head.rsplit(" ", 1)[0].rstrip() + " …"


class ListingImporter(Importer):
    """What the formats of the exchange share.

    A source names its organisations; those that are not here yet are made with its listings and taken back
    with them, unless others have come to use them.
    """

    place = "exchange"
    parts = {
        "listing": (ListingTeaser, ListingDetail, ListingContact, ListingSearch, ListingVector, Match),
        "organisation": (OrganisationName, Relation),
    }
    shared = frozenset({"organisation"})

    def finish(self, options: Options) -> None:
        encode_soon()

    def remove(self, kind: str, ids: Ids) -> None:
        if kind == "organisation":
            delete_rows(Organisation, ids, self.parts["organisation"])
            return
        Link.objects.filter(target_kind="listing", target_id__in=ids).delete()
        delete_rows(Listing, ids, self.parts["listing"])

    def restore(self, kind: str, befores: Mapping[uuid.UUID, Any]) -> None:
        restore(befores)


@dataclass(frozen=True)
class Home:
    """An organisation as a source names it: `ref` is what it goes by there."""

    ref: str
    name: str
    kind: str
    language: str = ""


def organisations_of_source(
    source: str, wanted: Iterable[Home], *, country: Place | None = None
) -> tuple[dict[str, Organisation], list[Change]]:
    """The organisations a source speaks of, by `ref`; one that is named first is made, as listed from that source."""
    homes = {home.ref: home for home in wanted}
    here = Organisation.objects.filter(source=source, source_ref__in=homes).select_related("country")
    found = {o.source_ref: o for o in here}
    new = [
        Organisation(
            source=source,
            source_ref=ref,
            name=home.name,
            name_language=home.language,
            kinds=[home.kind],
            status=Organisation.Status.LISTED,
            country=country,
        )
        for ref, home in homes.items()
        if ref not in found
    ]
    copy_in(Organisation, new)
    names = [
        OrganisationName(
            organisation=o, text=o.name, language=o.name_language, kind=OrganisationName.Kind.LABEL
        )
        for o in new
    ]
    copy_in(OrganisationName, names)
    found |= {o.source_ref: o for o in new}
    changes = [Change("organisation", o.pk, None) for o in new]
    return {home.ref: found[ref] for ref, home in homes.items()}, changes


def united_states() -> Place:
    country, _is_new = Place.objects.get_or_create(code="US", defaults={"kind": Place.Kind.COUNTRY})
    return country
