"""Member lists as people keep them: CSV or XLSX in any usual encoding, with headers in any language.

How the file is written (encoding, line ends, delimiter, header line) and what each column means is proposed,
shown and changeable: options `encoding`, `delimiter`, `sheet`, `column.<field>=<header>`, `country`.
Columns that name persons (contact, mobile, e-mail) are recognised and left out: a list of members publishes
nobody's address.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pycountry
from babel import Locale
from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from serai.core.errors import Invalid
from serai.core.imports import framework
from serai.core.imports.columns import Field, check_required, folded, headers_from, recognise, words_for
from serai.core.imports.copying import copy_in, put_back
from serai.core.imports.framework import SAMPLE_ROWS, Proposal, Setting
from serai.core.imports.rows import Change, Fault, Options, Outcome, Refusal, Remark, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import Damaged, faults_of, propose_shape, table_rows
from serai.core.imports.text import clean_line, half_width, looks_broken
from serai.core.imports.values import Vocabulary, meant, scanned, settle_words, unknown_words
from serai.core.viewer import Viewer
from serai.core.words import reader
from serai.directory import identifiers
from serai.directory.importers import entries
from serai.directory.importers.entries import EntryImporter
from serai.directory.models import Identifier, Organisation, OrganisationName, Place, Relation
from serai.directory.places import sort_order

SOURCE = "members"

_HEADERS = headers_from(Path(__file__).with_name("headers.toml"))
_PERSONAL = frozenset(folded(word) for word in _HEADERS.pop("personal"))
_LABELS = {
    "uscc": Identifier.Scheme.USCC.label,
    "ror": Identifier.Scheme.ROR.label,
    "lei": Identifier.Scheme.LEI.label,
    "vat": Identifier.Scheme.VAT.label,
    "number": gettext_lazy("Number in the list"),
    "name": pgettext_lazy("name", "Name"),
    "website": gettext_lazy("Website"),
    "country": gettext_lazy("Country or region"),
    "city": gettext_lazy("City"),
    "established": gettext_lazy("Year of foundation"),
    "kind": gettext_lazy("Kind"),
    "park": gettext_lazy("Science park"),
}
_PARKS = ("science_park", "overseas_park", "incubator", "accelerator")
# In this order the first field that fits a column wins.
FIELDS = tuple(Field(name, _LABELS[name], known, name == "name") for name, known in _HEADERS.items())


class MembersImporter(EntryImporter):
    """Options beside those of the table: `country` for lines without one, `list` to keep two lists apart."""

    name = "members"
    label = gettext_lazy("Member list")
    summary = gettext_lazy(
        "Member organisations as a table (CSV or XLSX), in any usual encoding and language of headers"
    )
    suffixes = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")

    def settings(self, by: Viewer | None) -> tuple[Setting, ...]:
        return (
            Setting(
                "country",
                gettext_lazy("Country or region of rows that name none"),
                gettext_lazy("A name in English or a code such as PL."),
            ),
            Setting(
                "list",
                gettext_lazy("Name of this list"),
                gettext_lazy("Give each list its own name if several number their members alike."),
            ),
        )

    def settle(self, options: Options, by: Viewer | None) -> dict[str, Any]:
        if options.get("country") and not _country(half_width(options["country"])):
            message = _("{value} is not a country or region").format(value=options["country"])
            raise Invalid(message, fields={"country": message})
        return settle_words(options, VOCABULARIES)

    def propose(self, source: Source, options: Options) -> Proposal:
        shape = propose_shape(source, options)
        columns = recognise(FIELDS, shape.headers, options)
        first = scanned(source, shape)
        return Proposal(
            headers=shape.headers,
            rows=tuple(
                (r.line, tuple(_shown(r.data.get(h)) for h in shape.headers)) for r in first[:SAMPLE_ROWS]
            ),
            shape=shape,
            fields=FIELDS,
            columns=columns,
            unknown=unknown_words(first, FIELDS, columns, VOCABULARIES),
            vocabularies=VOCABULARIES,
            personal=tuple(h for h in shape.headers if folded(h) in _PERSONAL),
        )

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        shape = propose_shape(source, options)
        columns = recognise(FIELDS, shape.headers, options)
        check_required(source, shape, FIELDS, columns)
        seen: dict[str, int] = {}
        for row in table_rows(source, shape):
            checked = _checked(row, columns, options)
            if isinstance(checked, Row):
                ref = checked.data["ref"]
                if ref in seen:
                    reason = _("the same organisation stands on line {line} already").format(line=seen[ref])
                    checked = Refusal(row.file, row.line, columns["name"], reason)
                else:
                    seen[ref] = row.line
            yield checked

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        return _apply(rows)

    def restore(self, kind: str, befores: Mapping[uuid.UUID, Any]) -> None:
        _put_back(befores)


framework.register(MembersImporter())


# --- what the file says -----------------------------------------------------------------------------------------


def _shown(cell: Any) -> str:
    return clean_line(cell)[:200]


NAME_LENGTH = 500
CITY_LENGTH = 150


def _checked(row: Row, columns: Mapping[str, str], options: Options) -> Row | Refusal:
    """The row as it will be written; or everything that stands in its way, the columns as the file calls them."""
    faults = faults_of(row, columns)
    cells = {
        field: row.data.get(header)
        for field, header in columns.items()
        if not isinstance(row.data.get(header), Damaged)
    }
    name = clean_line(cells.get("name"))
    if "name" in cells:
        faults += _faults_of_name(name)
    codes, wrong = _codes(cells)
    faults += wrong
    named = half_width(cells.get("country"))
    country = meant(options, "country", named) or _country(named or str(options.get("country", "")))
    if country is None:
        reason = _("{value} is not a country or region").format(value=cells.get("country"))
        faults.append(Fault("country", reason))
    if faults:
        return Refusal.of(row, faults).named(columns)
    number = half_width(cells.get("number"))
    identity = number or next(iter(codes.values()), "") or f"{name}\n{country}"
    values, remarks = _lesser(cells, options)
    data = {
        "ref": hashlib.sha256(f"{options.get('list', '')}\n{identity}".encode()).hexdigest()[:40],
        "name": name,
        "codes": codes,
        "country": country,
        **values,
    }
    said = tuple(Fault(columns[fault.column], fault.reason) for fault in remarks)
    return Row(row.file, row.line, data, remarks=said)


def _faults_of_name(name: str) -> list[Fault]:
    if not name:
        return [Fault("name", _("it is empty"))]
    if len(name) > NAME_LENGTH:
        reason = _("it is longer than {limit} characters").format(limit=NAME_LENGTH)
        return [Fault("name", reason)]
    if looks_broken(name):
        reason = _("{name} looks as if it was saved with a wrong encoding; it is not guessed")
        return [Fault("name", reason.format(name=name))]
    return []


def _codes(cells: Mapping[str, Any]) -> tuple[dict[str, str], list[Fault]]:
    """Identifiers by scheme, and what is wrong with those that are none."""
    codes: dict[str, str] = {}
    faults = []
    for scheme in ("uscc", "ror", "lei", "vat"):
        text = half_width(cells.get(scheme))
        if not text:
            continue
        if scheme == "uscc" and "E+" in text.upper():
            reason = _("{value} was turned into a number; keep it as text").format(value=text)
            faults.append(Fault(scheme, reason))
            continue
        try:
            codes[scheme] = identifiers.normalise(scheme, text)
        except Invalid as error:
            faults.append(Fault(scheme, str(error.message)))
    return codes, faults


def _lesser(cells: Mapping[str, Any], options: Options) -> tuple[dict[str, Any], list[Fault]]:
    """What a member can do without: what cannot be used of it is left out, and said."""
    said = {
        field: clean_line(cells.get(field)) for field in ("city", "website", "established", "kind", "park")
    }
    values: dict[str, Any] = {
        "city": said["city"] if len(said["city"]) <= CITY_LENGTH else "",
        "website": _website(said["website"]),
        "established": _year(said["established"]),
        "kind": meant(options, "kind", said["kind"]) or _kind(said["kind"]),
        "park": said["park"] if len(said["park"]) <= NAME_LENGTH else "",
    }
    reasons = {
        "city": _("“{value}” is too long; it was left out"),
        "website": _("“{value}” is not the address of a website; it was left out"),
        "established": _("“{value}” is not a year; it was left out"),
        "kind": _("the kind “{value}” is not known here; it became “{other}”"),
        "park": _("“{value}” is too long; it was left out"),
    }
    words = {"other": Organisation.Kind.OTHER.label}
    faults = [
        Fault(field, reasons[field].format(value=said[field][:80], **words))
        for field, value in values.items()
        if said[field] and not value
    ]
    return values | {"kind": values["kind"] or Organisation.Kind.OTHER}, faults


# Codes of the European Union's statistics, and names CLDR does not have.
_USUAL = {
    "el": "GR",
    "uk": "GB",
    "xk": "XK",
    "xkx": "XK",
    "中華人民共和國": "CN",
    "中国大陆": "CN",
    "россиискаяфедерация": "RU",
}


def _country(text: str) -> str | None:
    """ISO 3166-1 alpha-2 of a code or a name; "" where nothing is said, None where it is unknown."""
    if not text:
        return ""
    word = folded(text)
    if word in _USUAL:
        return _USUAL[word]
    if word in _country_names():
        return _country_names()[word]
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return None


@cache
def _country_names() -> dict[str, str]:
    """Folded name → code, in the languages member lists come in."""
    found: dict[str, str] = {}
    for language in (
        "en",
        "zh_Hans",
        "zh_Hant",
        "fr",
        "es",
        "ru",
        "ar",
        "de",
        "pt",
        "it",
        "ja",
        "ko",
        "pl",
        "tr",
        "vi",
        "th",
    ):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found.setdefault(folded(name), code)
    return found


def _website(value: Any) -> str:
    text = clean_line(value)
    if not text or " " in text or "." not in text:
        return ""
    address = text if text.startswith(("http://", "https://")) else f"https://{text}"
    return address if len(address) <= 500 else ""


def _year(value: Any) -> int | None:
    digits = half_width(value)[:4]
    return int(digits) if digits.isdecimal() and 1000 <= int(digits) <= 2200 else None


def _kind(value: str) -> str:
    """The kind a word means, in any language of the interface; "" where it means none."""
    word = folded(value)
    return words_for(Organisation.Kind).get(word) or _usual_kinds().get(word, "")


@cache
def _usual_kinds() -> dict[str, str]:
    """Folded word → kind, of what people say beside the labels. Raises KeyError for a kind that is none."""
    said = headers_from(Path(__file__).with_name("kinds.toml"))
    return {folded(word): str(Organisation.Kind(kind)) for kind, words in said.items() for word in words}


def _country_choices() -> list[tuple[str, str]]:
    """(code, name in the language of the page), as that language sorts."""
    names = reader().territories
    found = [(c.alpha_2, str(names.get(c.alpha_2, c.name))) for c in pycountry.countries]
    order = sort_order(get_language() or "en")
    return sorted([*found, ("XK", str(names["XK"]))], key=lambda pair: order.getSortKey(pair[1]))


VOCABULARIES = {
    "kind": Vocabulary(_kind, lambda: Organisation.Kind.choices),
    "country": Vocabulary(lambda word: _country(half_width(word)) or "", _country_choices),
}


# --- writing ----------------------------------------------------------------------------------------------------


_KEPT = ("name", "country_id", "city", "website", "established", "kinds", "content_hash")


def _apply(rows: list[Row]) -> Outcome:
    outcome = Outcome()
    refs = [row.data["ref"] for row in rows]
    here = Organisation.objects.filter(source=SOURCE, source_ref__in=refs)
    known = dict(here.values_list("source_ref", "content_hash"))
    taken = _taken_codes(rows)
    parkless = _find_parks(rows)
    places = {p.code: p for p in Place.objects.filter(code__in={row.data["country"] for row in rows} - {""})}
    new: list[tuple[Organisation, Row]] = []
    changed: list[Row] = []
    for row in rows:
        data, digest = row.data, _digest(row.data)
        clash = next(
            (f"{s} {v}" for s, v in data["codes"].items() if taken.get((s, v), data["ref"]) != data["ref"]),
            None,
        )
        if clash:
            reason = _("another organisation has {identifier} already").format(identifier=clash)
            outcome.refusals.append(Refusal(row.file, row.line, "", reason))
            continue
        taken |= dict.fromkeys(data["codes"].items(), data["ref"])
        if data["ref"] not in known:
            organisation = Organisation(
                source=SOURCE, source_ref=data["ref"], status=Organisation.Status.LISTED
            )
            new.append((_fill(organisation, data, digest, places), row))
            outcome.created += 1
            outcome.changes.append(Change("organisation", organisation.pk, row.line))
        elif known[data["ref"]] == digest:
            outcome.unchanged += 1
        else:
            changed.append(row)
    refused = {refusal.line for refusal in outcome.refusals}
    outcome.remarks = [remark for remark in parkless if remark.line not in refused]
    _write_new(new)
    outcome.changes += _write_changed(changed, places)
    outcome.updated += len(changed)
    return outcome


def _find_parks(rows: list[Row]) -> list[Remark]:
    """Put the park's key in place of its name, where exactly one park of the directory has that name.

    Returns a remark for every row whose park that is not.
    """
    wanted = {row.data["park"] for row in rows} - {""}
    found: dict[str, set[str]] = {}
    if wanted:
        parks = OrganisationName.objects.filter(text__in=wanted, organisation__kinds__overlap=list(_PARKS))
        for text, pk in parks.values_list("text", "organisation_id"):
            found.setdefault(text, set()).add(str(pk))
    remarks = []
    reason = _(
        "no park, incubator or accelerator of the directory is called “{value}”, or several are; it was left out"
    )
    for row in rows:
        name = row.data["park"]
        keys = found.get(name, set())
        row.data["park"] = next(iter(keys)) if len(keys) == 1 else ""
        if name and not row.data["park"]:
            remarks.append(Remark(row.file, row.line, str(_LABELS["park"]), reason.format(value=name[:80])))
    return remarks


def _hosting(organisation: Organisation) -> QuerySet[Relation]:
    return Relation.objects.filter(source=organisation, kind=Relation.Kind.HOSTED_BY, stated_by=SOURCE)


def _write_changed(rows: list[Row], places: dict[str, Place]) -> list[Change]:
    found = Organisation.objects.filter(source=SOURCE, source_ref__in=[row.data["ref"] for row in rows])
    by_ref = {o.source_ref: o for o in found.prefetch_related("names", "identifiers")}
    changes = []
    for row in rows:
        organisation, data = by_ref[row.data["ref"]], row.data
        changes.append(Change("organisation", organisation.pk, row.line, _snapshot(organisation)))
        _rename(organisation, data["name"])
        for scheme, value in data["codes"].items():
            organisation.identifiers.filter(scheme=scheme).exclude(value=value).delete()
            organisation.identifiers.get_or_create(scheme=scheme, value=value)
        _fill(organisation, data, _digest(data), places).save()
        _host(organisation, data["park"])
    return changes


def _host(organisation: Organisation, park: str) -> None:
    key = uuid.UUID(park) if park else None
    _hosting(organisation).exclude(target_id=key).delete()
    if key is not None and organisation.pk != key:
        Relation.objects.get_or_create(
            source=organisation,
            kind=Relation.Kind.HOSTED_BY,
            target_id=key,
            defaults={"stated_by": SOURCE},
        )


def _rename(organisation: Organisation, name: str) -> None:
    """The name the list had given goes, and the new one comes; names people added stay."""
    if organisation.name == name:
        return
    organisation.names.filter(text=organisation.name, language="", kind=OrganisationName.Kind.LABEL).delete()
    organisation.names.get_or_create(text=name, language="", kind=OrganisationName.Kind.LABEL)


def _snapshot(organisation: Organisation) -> dict[str, Any]:
    fields = {n: getattr(organisation, n) for n in _KEPT}
    if fields["country_id"]:
        fields["country_id"] = str(fields["country_id"])
    return {
        "fields": fields,
        "names": [{"text": n.text, "language": n.language, "kind": n.kind} for n in organisation.names.all()],
        "identifiers": [
            {"scheme": i.scheme, "value": i.value, "is_preferred": i.is_preferred}
            for i in organisation.identifiers.all()
        ],
        "park": str(_hosting(organisation).values_list("target_id", flat=True).first() or ""),
    }


def _put_back(befores: Mapping[uuid.UUID, Any]) -> None:
    put_back(Organisation, {pk: before["fields"] for pk, before in befores.items()})
    entries.put_back_parts(befores)
    hosting = Relation.objects.filter(source_id__in=befores, kind=Relation.Kind.HOSTED_BY, stated_by=SOURCE)
    hosting.delete()
    Relation.objects.bulk_create(
        (
            Relation(source_id=pk, kind=Relation.Kind.HOSTED_BY, target_id=before["park"], stated_by=SOURCE)
            for pk, before in befores.items()
            if before["park"]
        ),
        ignore_conflicts=True,
    )


def _taken_codes(rows: list[Row]) -> dict[tuple[str, str], str]:
    """Which identifiers belong to whom already: (scheme, value) → the owner's reference in this source."""
    values = [value for row in rows for value in row.data["codes"].values()]
    owners = Identifier.objects.filter(value__in=values).values_list(
        "scheme", "value", "organisation__source", "organisation__source_ref"
    )
    return {(scheme, value): ref if source == SOURCE else "" for scheme, value, source, ref in owners}


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _fill(
    organisation: Organisation, data: dict[str, Any], digest: str, places: dict[str, Place]
) -> Organisation:
    code = data["country"]
    if code and code not in places:
        places[code] = Place.objects.create(code=code, kind=Place.Kind.COUNTRY)
    organisation.name = data["name"]
    organisation.country = places.get(code)
    organisation.city = data["city"]
    organisation.website = data["website"]
    organisation.established = data["established"]
    organisation.kinds = [data["kind"]]
    organisation.content_hash = digest
    return organisation


def _write_new(items: list[tuple[Organisation, Row]]) -> None:
    organisations = [organisation for organisation, _row in items]
    names = [
        OrganisationName(organisation=o, text=o.name, language="", kind=OrganisationName.Kind.LABEL)
        for o in organisations
    ]
    copy_in(Organisation, organisations)
    copy_in(OrganisationName, names)
    copy_in(
        Identifier,
        [
            Identifier(organisation=organisation, scheme=scheme, value=value, is_preferred=False)
            for organisation, row in items
            for scheme, value in row.data["codes"].items()
        ],
    )
    hosted = [
        Relation(
            source=o, kind=Relation.Kind.HOSTED_BY, target_id=uuid.UUID(row.data["park"]), stated_by=SOURCE
        )
        for o, row in items
        if row.data["park"]
    ]
    copy_in(Relation, hosted)
