"""Member lists as people keep them: CSV or XLSX in any usual encoding, with headers in any language.

How the file is written (encoding, line ends, delimiter, header line) and what each column means is proposed,
shown and changeable: options `encoding`, `delimiter`, `sheet`, `column.<field>=<header>`, `country`.
Columns that name persons (contact, mobile, e-mail) are recognised and left out: a list of members publishes
nobody's address.
"""

import hashlib
import json
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pycountry
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.core.errors import Invalid
from serai.core.imports import framework
from serai.core.imports.copying import copy_in
from serai.core.imports.framework import Options
from serai.core.imports.readers import TableShape, propose_shape, table_rows
from serai.core.imports.rows import Change, FileRefused, Outcome, Refusal, Row
from serai.core.imports.text import clean_line, half_width, looks_broken
from serai.core.models import ImportRun
from serai.core.viewer import Viewer
from serai.directory import identifiers
from serai.directory.models import Identifier, Organisation, OrganisationName, Place

SOURCE = "members"

# Headers people use, folded (no case, accents, spaces or signs). The first field that fits a column wins.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "uscc": ("统一社会信用代码", "社会信用代码", "信用代码", "統一社會信用代碼", "uscc"),
    "ror": ("ror", "rorid"),
    "lei": ("lei",),
    "vat": ("vat", "vatnumber", "ustid", "tva", "nif"),
    "number": ("nr", "no", "id", "permalink", "memberid", "membernumber", "mitgliedsnummer", "编号", "編號", "номер"),
    "name": (
        "name", "organisation", "organization", "companyname", "company", "institution", "企业名称", "公司名称", "单位名称", "企業名稱",
        "公司名稱", "機構名稱", "nom", "nombre", "nome", "naam", "firma", "unternehmen", "название", "организация", "наименование",
        "اسمالمؤسسة", "المؤسسة", "الاسم", "会社名", "企業名", "機関名", "회사명", "기관명", "ชื่อองค์กร", "tên", "nazwa", "ad", "adı",
    ),
    "website": (
        "website", "web", "url", "homepage", "homepageurl", "网站", "网址", "網站", "網址", "siteweb", "sitioweb", "сайт", "الموقع",
    ),
    "country": (
        "country", "countrycode", "国家", "国别", "國家", "land", "pays", "pais", "paese", "страна", "البلد", "الدولة", "国", "국가", "kraj", "ülke",
    ),
    "city": ("city", "town", "城市", "所在城市", "stadt", "ort", "ville", "ciudad", "cidade", "citta", "город", "المدينة", "市区町村", "도시"),
    "established": ("founded", "foundedyear", "established", "成立年份", "成立时间", "gegrundet", "annee", "год"),
    "kind": ("type", "kind", "category", "categorycode", "类型", "类别", "類型", "art", "typ", "тип"),
    "park": ("所属园区", "园区", "所屬園區", "park", "sciencepark"),
}  # fmt: skip
_PERSONAL = (
    "联系人", "手机", "电话", "邮箱", "聯絡人", "手機", "電話", "contact", "contactperson", "ansprechpartner", "phone", "mobile", "tel", "telephone",
    "email", "mail", "telefon", "contacto", "courriel", "телефон", "почта", "الهاتف", "البريد", "担当者", "담당자",
)  # fmt: skip
FIELDS = tuple(_SYNONYMS)
_KINDS = {kind.value: kind for kind in Organisation.Kind}


class MembersImporter:
    name = "members"
    summary = gettext_lazy(
        "List of member organisations (CSV or XLSX, any usual encoding and language of headers)"
    )
    suffixes = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")

    def propose(self, path: Path, options: Options) -> dict[str, Any]:
        """How the file would be read, with the first rows; people change it before anything is written."""
        shape = _shape(path, options)
        columns = _columns(shape, options)
        sample = [row.data for row, _number in zip(table_rows(path, shape), range(5), strict=False)]
        return {
            **asdict(shape),
            "line_end": {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}.get(shape.line_end, ""),
            "columns": columns,
            "personal": [h for h in shape.headers if _folded(h) in _PERSONAL],
            "unused": [h for h in shape.headers if h not in columns.values() and _folded(h) not in _PERSONAL],
            "sample": sample,
        }

    def read(self, path: Path, options: Options) -> Iterator[Row | Refusal]:
        shape = _shape(path, options)
        columns = _columns(shape, options)
        _check_columns(path, shape, columns)
        seen: dict[str, int] = {}
        for row in table_rows(path, shape):
            checked = _checked(row, columns, options)
            if isinstance(checked, Row):
                first = seen.setdefault(checked.data["ref"], row.line)
                if first != row.line:
                    reason = _("the same organisation stands on line {line} already").format(line=first)
                    checked = Refusal(row.file, row.line, columns["name"], reason)
            yield checked

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        return _apply(rows)

    def finish(self, run: ImportRun, options: Options) -> None:
        """Nothing waits for the end of a member list."""

    def restore(self, kind: str, object_id: uuid.UUID, before: Any) -> None:
        organisation = Organisation.objects.get(pk=object_id)
        if before is None:
            organisation.delete()
            return
        for name, value in before.items():
            setattr(organisation, name, value)
        organisation.save()


framework.register(MembersImporter())


# --- what the file says -----------------------------------------------------------------------------------------


def _shape(path: Path, options: Options) -> TableShape:
    return propose_shape(
        path,
        encoding=str(options.get("encoding", "")),
        delimiter=str(options.get("delimiter", "")).replace("\\t", "\t"),
        sheet=str(options.get("sheet", "")),
    )


def _folded(header: str) -> str:
    """A header without what people vary: case, accents, width, spaces, signs."""
    text = unicodedata.normalize("NFKD", str(header)).casefold()
    return "".join(c for c in text if c.isalnum() and not unicodedata.combining(c))


def _columns(shape: TableShape, options: Options) -> dict[str, str]:
    """Field → header: as stated by the person, else by synonyms."""
    stated = {k.removeprefix("column."): str(v) for k, v in options.items() if k.startswith("column.")}
    unknown = set(stated) - set(FIELDS)
    if unknown:
        message = _("there is no field {field}; known are: {known}").format(
            field=", ".join(sorted(unknown)), known=", ".join(FIELDS)
        )
        raise Invalid(message)
    missing = [h for h in stated.values() if h and h not in shape.headers]
    if missing:
        raise Invalid(_("there is no column {column}").format(column=", ".join(missing)))
    columns = {field: header for field, header in stated.items() if header}
    for field, synonyms in _SYNONYMS.items():
        if field in stated:
            continue
        found = next((h for h in shape.headers if _folded(h) in synonyms and h not in columns.values()), None)
        if found:
            columns[field] = found
    return columns


def _check_columns(path: Path, shape: TableShape, columns: Mapping[str, str]) -> None:
    if "name" not in columns:
        reason = _(
            "no column was recognised as the name; say which with column.name=HEADER. Headers: {headers}"
        )
        raise FileRefused(
            reason.format(headers=", ".join(shape.headers[:20]) or "—"),
            file=path.name,
            line=shape.header_line,
        )


def _checked(row: Row, columns: Mapping[str, str], options: Options) -> Row | Refusal:
    def refuse(field: str, reason: str) -> Refusal:
        return Refusal(row.file, row.line, columns.get(field, field), reason)

    cells = {field: row.data.get(header) for field, header in columns.items()}
    name = clean_line(cells.get("name"))
    if not name:
        return refuse("name", _("it is empty"))
    if looks_broken(name):
        reason = _("{name} looks as if it was saved with a wrong encoding; it is not guessed").format(
            name=name
        )
        return refuse("name", reason)
    codes = {}
    for scheme in ("uscc", "ror", "lei", "vat"):
        text = half_width(cells.get(scheme))
        if not text:
            continue
        if scheme == "uscc" and "E+" in text.upper():
            return refuse(scheme, _("{value} was turned into a number; keep it as text").format(value=text))
        try:
            codes[scheme] = identifiers.normalise(scheme, text)
        except Invalid as error:
            return refuse(scheme, str(error.message))
    country = _country(half_width(cells.get("country")) or str(options.get("country", "")))
    if country is None:
        return refuse("country", _("{value} is not a country or region").format(value=cells.get("country")))
    number = half_width(cells.get("number"))
    identity = number or next(iter(codes.values()), "") or f"{name}\n{country}"
    data = {
        "ref": hashlib.sha256(f"{options.get('list', '')}\n{identity}".encode()).hexdigest()[:40],
        "name": name[:500],
        "codes": codes,
        "country": country,
        "city": clean_line(cells.get("city"))[:150],
        "website": _website(cells.get("website")),
        "established": _year(cells.get("established")),
        "kind": _kind(cells.get("kind")),
    }
    return Row(row.file, row.line, data)


def _country(text: str) -> str | None:
    """ISO 3166-1 alpha-2 of a code or an English name; "" where nothing is said, None where it is unknown."""
    if not text:
        return ""
    usual = {
        "EL": "GR",
        "UK": "GB",
        "中国": "CN",
        "中國": "CN",
        "DEUTSCHLAND": "DE",
        "FRANCE": "FR",
        "РОССИЯ": "RU",
    }
    if text.upper() in usual:
        return usual[text.upper()]
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return "XK" if text.upper() in {"XK", "XKX", "KOSOVO"} else None


def _website(value: Any) -> str:
    text = clean_line(value)
    if not text or " " in text or "." not in text:
        return ""
    address = text if text.startswith(("http://", "https://")) else f"https://{text}"
    return address if len(address) <= 500 else ""


def _year(value: Any) -> int | None:
    digits = half_width(value)[:4]
    return int(digits) if digits.isdecimal() and 1000 <= int(digits) <= 2200 else None


def _kind(value: Any) -> str:
    text = clean_line(value).casefold().replace(" ", "_").replace("-", "_")
    return _KINDS.get(text, Organisation.Kind.OTHER)


# --- writing ----------------------------------------------------------------------------------------------------


def _apply(rows: list[Row]) -> Outcome:
    outcome = Outcome()
    refs = [row.data["ref"] for row in rows]
    known = {o.source_ref: o for o in Organisation.objects.filter(source=SOURCE, source_ref__in=refs)}
    taken = _taken_codes(rows)
    places = {p.code: p for p in Place.objects.filter(code__in={row.data["country"] for row in rows} - {""})}
    new: list[tuple[Organisation, Row]] = []
    for row in rows:
        data, existing = row.data, known.get(row.data["ref"])
        digest = _digest(data)
        clash = next(
            (f"{s} {v}" for s, v in data["codes"].items() if taken.get((s, v), data["ref"]) != data["ref"]),
            None,
        )
        if clash:
            reason = _("another organisation has {identifier} already").format(identifier=clash)
            outcome.refusals.append(Refusal(row.file, row.line, "", reason))
        elif existing is None:
            organisation = Organisation(
                source=SOURCE, source_ref=data["ref"], status=Organisation.Status.LISTED
            )
            new.append((_fill(organisation, data, digest, places), row))
            outcome.created += 1
            outcome.changes.append(Change("organisation", organisation.pk, row.line))
        elif existing.content_hash == digest:
            outcome.unchanged += 1
        else:
            before = {
                n: getattr(existing, n)
                for n in ("name", "city", "website", "established", "kinds", "content_hash")
            }
            _fill(existing, data, digest, places).save()
            outcome.updated += 1
            outcome.changes.append(Change("organisation", existing.pk, row.line, before))
    _write_new(new)
    return outcome


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
