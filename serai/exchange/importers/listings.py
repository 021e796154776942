"""Serai's own exchange format for listings: JSON lines, described in `docs/formats/listings.md`.

The smallest line is `{"id": …, "text": …}`; every field the form knows may be given.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from serai.accounts.models import User
from serai.core.errors import Invalid, NotAllowed
from serai.core.imports import framework
from serai.core.imports.columns import Field, check_required, folded, headers_from, recognise, words_for
from serai.core.imports.framework import SAMPLE_ROWS, Proposal, Setting
from serai.core.imports.readers import jsonl_rows
from serai.core.imports.rows import Change, Fault, Options, Outcome, Reason, Refusal, Row, Source
from serai.core.imports.said import said as _
from serai.core.imports.tables import Damaged, faults_of, is_table, propose_shape, table_rows
from serai.core.imports.text import clean, clean_line, half_width
from serai.core.imports.values import Vocabulary, meant, scanned, settle_words, unknown_words, with_meanings
from serai.core.languages import clean_language, is_language
from serai.core.viewer import Viewer
from serai.directory.models import Identifier, Organisation
from serai.engines.matching import language as languages
from serai.exchange import policies, vocabularies
from serai.exchange.importers import bulk
from serai.exchange.models import Listing

SOURCE = "listings"
OWN_SOURCE = "own"
TITLE_LENGTH = 120
_CHOICES = {
    "direction": Listing.Direction.values,
    "kind": Listing.Kind.values,
    "ip_status": Listing.IpStatus.values,
}
_LISTS = {
    "partnerships": Listing.Partnership.values,
    "partner_kinds": Organisation.Kind.values,
    "work_languages": None,
    "sectors": None,
    "fields_of_science": None,
}


_ENDED = (Organisation.Status.MERGED, Organisation.Status.DISSOLVED, Organisation.Status.WITHDRAWN)
_WORDS: dict[str, type[TextChoices]] = {
    "direction": Listing.Direction,
    "kind": Listing.Kind,
    "ip_status": Listing.IpStatus,
    "partnerships": Listing.Partnership,
    "partner_kinds": Organisation.Kind,
}
_HEADERS = headers_from(Path(__file__).with_name("headers.toml"))
_LABELS = {
    "id": gettext_lazy("Number in your list"),
    "title": gettext_lazy("Title"),
    "summary": gettext_lazy("Public summary"),
    "text": gettext_lazy("Description for the network"),
    "lang": gettext_lazy("Language"),
    "direction": gettext_lazy("Offer or request"),
    "kind": gettext_lazy("Kind"),
    "organisation": gettext_lazy("Organisation"),
    "keywords": gettext_lazy("Keywords"),
    "deadline": gettext_lazy("Deadline"),
    "trl": gettext_lazy("Readiness level (1 to 9)"),
    "ip_status": gettext_lazy("IP status"),
    "partnerships": gettext_lazy("Partnership sought"),
    "sdgs": gettext_lazy("Sustainable development goals"),
}
_SPLIT = re.compile(r"[;；\n|]")


def _parts(cell: str) -> list[str]:
    return [part for part in (clean_line(part) for part in _SPLIT.split(cell)) if part]


def _vocabulary(words: type[TextChoices], *, is_list: bool) -> Vocabulary:
    def known(word: str) -> str:
        return words_for(words).get(folded(word), "")

    return Vocabulary(known, lambda: words.choices, _parts if is_list else lambda cell: [cell])


def _known_language(word: str) -> str:
    return word if is_language(word) else ""


VOCABULARIES = {name: _vocabulary(words, is_list=name in _LISTS) for name, words in _WORDS.items()} | {
    "lang": Vocabulary(_known_language, vocabularies.language_choices)
}
FIELDS = tuple(Field(name, _LABELS[name], known, name == "text") for name, known in _HEADERS.items())


class ListingsImporter(bulk.ListingImporter):
    """Options: `direction`, `kind` and `organisation` for lines that do not state them.

    Stewards and the operator may name any organisation (by name or ROR id) and vouch for what they bring.
    Members bring drafts for one of their own organisations; `organisation` is then its key.
    """

    name = "listings"
    label = pgettext_lazy("import format", "Listings")
    summary = gettext_lazy(
        "Offers and requests as a table (CSV or XLSX), or in Serai's own format (JSON lines)"
    )
    suffixes = (".jsonl", ".csv", ".tsv", ".txt", ".xlsx")

    def may_use(self, viewer: Viewer) -> bool:
        return policies.is_member(viewer) or framework.may_oversee(viewer)

    def settings(self, by: Viewer | None) -> tuple[Setting, ...]:
        if _vouches(by):
            home = Setting(
                "organisation",
                gettext_lazy("Organisation of listings that name none"),
                gettext_lazy("Its name, or its ROR identifier."),
            )
        else:
            home = _home_setting(_own(_person(by)))
        return (
            home,
            Setting(
                "direction",
                gettext_lazy("Direction of listings that name none"),
                choices=Listing.Direction.choices,
            ),
            Setting("kind", gettext_lazy("Kind of listings that name none"), choices=Listing.Kind.choices),
        )

    def settle(self, options: Options, by: Viewer | None) -> dict[str, Any]:
        """Raises Invalid for an unknown direction or kind, or an organisation that is not the member's own."""
        settled = settle_words(options, VOCABULARIES)
        for name, default in (("direction", Listing.Direction.OFFER), ("kind", Listing.Kind.TECHNOLOGY)):
            settled[name] = str(options.get(name) or default)
            if settled[name] not in _CHOICES[name]:
                known = ", ".join(_CHOICES[name])
                message = _("{name} must be one of: {known}").format(name=name, known=known)
                raise Invalid(message, fields={name: message})
        if _vouches(by):
            settled["organisation"] = clean_line(options.get("organisation")) or str(_("Imported listings"))
            return settled
        own = _own(_person(by))
        chosen = str(options.get("organisation") or _sole(own))
        if chosen and chosen not in {str(o.pk) for o in own}:
            message = _("Choose one of your organisations.")
            raise Invalid(message, fields={"organisation": message})
        settled["organisation"] = chosen
        return settled

    def propose(self, source: Source, options: Options) -> Proposal:
        if not is_table(source):
            names = ("id", "lang", "title", "text")
            rows = [row for row in islice(jsonl_rows(source), SAMPLE_ROWS) if isinstance(row.data, dict)]
            return Proposal(
                headers=names,
                rows=tuple((r.line, tuple(clean_line(r.data.get(n))[:200] for n in names)) for r in rows),
            )
        shape = propose_shape(source, options)
        columns = recognise(FIELDS, shape.headers, options)
        first = scanned(source, shape)
        return Proposal(
            headers=shape.headers,
            rows=tuple(
                (r.line, tuple(clean_line(r.data.get(h))[:200] for h in shape.headers))
                for r in first[:SAMPLE_ROWS]
            ),
            shape=shape,
            fields=FIELDS,
            columns=columns,
            unknown=unknown_words(first, FIELDS, columns, VOCABULARIES),
            vocabularies=VOCABULARIES,
        )

    def read(self, source: Source, options: Options) -> Iterator[Row | Refusal]:
        if not is_table(source):
            yield from bulk.each_once(_checked(row, options) for row in jsonl_rows(source))
            return
        shape = propose_shape(source, options)
        columns = recognise(FIELDS, shape.headers, options)
        check_required(source, shape, FIELDS, columns)
        rows = (_checked_row(row, columns, options) for row in table_rows(source, shape))
        yield from bulk.each_once(rows)

    def apply(self, rows: list[Row], options: Options, by: Viewer | None) -> Outcome:
        if _vouches(by):
            return _publish(rows)
        return _draft(rows, options, _person(by))


framework.register(ListingsImporter())


def _vouches(by: Viewer | None) -> bool:
    """The operator and those who watch over the node's records."""
    return by is None or framework.may_oversee(by)


def _person(by: Viewer | None) -> User:
    if not isinstance(by, User):
        raise NotAllowed(_("Sign in first."))
    return by


def _own(by: User) -> list[Organisation]:
    """The person's organisations, those that may publish first."""
    own = policies.own_organisations(by).exclude(status__in=_ENDED)
    return sorted(own, key=lambda o: (not _is_verified(o), o.name))


def _is_verified(organisation: Organisation) -> bool:
    return organisation.status == Organisation.Status.VERIFIED


def _sole(own: Sequence[Organisation]) -> str:
    """The one organisation that is meant without being named: the only verified one, or the only one; else ""."""
    meant = [o for o in own if _is_verified(o)] or own
    return str(meant[0].pk) if len(meant) == 1 else ""


def _home_setting(own: Sequence[Organisation]) -> Setting:
    named = [(str(o.pk), o.name if _is_verified(o) else f"{o.name} ({o.get_status_display()})") for o in own]
    drafts = gettext_lazy("The listings become its drafts; you read them and send them to review.")
    several = gettext_lazy(
        "You act for several organisations: choose the one whose drafts the listings become. You read them and "
        "send them to review."
    )
    if _sole(own):
        return Setting("organisation", gettext_lazy("Your organisation"), drafts, tuple(named))
    choices = (("", gettext_lazy("Choose the organisation")), *named)
    return Setting("organisation", gettext_lazy("Your organisation"), several, choices)


def _publish(rows: list[Row]) -> Outcome:
    homes, changes = _organisations({(r.data["organisation"], r.data["ror"]) for r in rows})
    outcome = Outcome()
    items = []
    for row in rows:
        home = homes.get((row.data["organisation"], row.data["ror"]))
        if home is None:
            reason = _("no organisation has the ROR identifier {value}").format(value=row.data["ror"])
            outcome.refusals.append(Refusal(row.file, row.line, "organisation", reason))
        else:
            items.append(_imported(row, home))
    written = bulk.write(SOURCE, items)
    written.refusals += outcome.refusals
    written.changes = [*changes, *written.changes]
    return written


def _draft(rows: list[Row], options: Options, by: User) -> Outcome:
    """Drafts of the member's own organisation. Its numbers are its own: they cannot touch another's listings.

    Raises Invalid where the person has not said which organisation it is.
    """
    if not options["organisation"]:
        message = _("Choose one of your organisations.")
        raise Invalid(message, fields={"organisation": message})
    home = policies.own_organisations(by).select_related("country").get(pk=options["organisation"])
    names = {home.name, str(home.pk), *home.names.values_list("text", flat=True)}
    own_ror = set(home.identifiers.filter(scheme="ror").values_list("value", flat=True))
    outcome = Outcome()
    items = []
    for row in rows:
        data = row.data
        is_own = data["ror"] in own_ror if data["ror"] else data["organisation"] in names
        if not is_own:
            reason = _("it names another organisation than yours")
            outcome.refusals.append(Refusal(row.file, row.line, "organisation", reason))
            continue
        data["ref"] = hashlib.sha256(f"{home.pk}\n{data['ref']}".encode()).hexdigest()[:40]
        items.append(_imported(row, home))
    written = bulk.write(OWN_SOURCE, items, draft=bulk.Draft(by))
    written.refusals += outcome.refusals
    return written


# --- tables -----------------------------------------------------------------------------------------------------


def _checked_row(row: Row, columns: Mapping[str, str], options: Options) -> Row | Refusal:
    """A row of a table; people know its columns by the headers of the file."""
    checked = _checked(_as_line(row, columns), options, faults_of(row, columns))
    if isinstance(checked, Refusal):
        return checked.named(columns)
    remarks = tuple(Fault(columns.get(r.column, r.column), r.reason) for r in checked.remarks)
    return replace(checked, remarks=remarks)


def _as_line(row: Row, columns: Mapping[str, str]) -> Row:
    """The row in the form of a JSON line: lists are cells with `;` or line breaks between the entries."""
    given = {field: row.data.get(header) for field, header in columns.items()}
    data = {k: _cell(k, v) for k, v in given.items() if v not in (None, "") and not isinstance(v, Damaged)}
    if "id" not in columns:  # a list without numbers is told apart by its titles
        named = str(data.get("title") or data.get("text") or "")
        data["id"] = hashlib.sha256(named.encode()).hexdigest()[:40]
    return Row(row.file, row.line, data)


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()[:10]
    if name in _LISTS or name == "keywords":
        words = _WORDS.get(name)
        return [words_for(words).get(folded(part), part) if words else part for part in _parts(str(value))]
    if name in _WORDS:
        return words_for(_WORDS[name]).get(folded(str(value)), clean_line(value))
    if name in ("trl", "trl_min", "trl_max"):
        digits = half_width(value).upper().removeprefix("TRL").strip().removesuffix(".0")
        return (
            int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 3 else clean_line(value)
        )
    if name == "sdgs":
        numbers = re.findall(r"\d+", half_width(value))
        return [int(n[:3]) for n in numbers]
    return clean(value)


class _Wrong(Exception):  # noqa: N818  it never leaves this module
    def __init__(self, column: str, reason: Reason) -> None:
        super().__init__(reason)
        self.fault = Fault(column, reason)


def _checked(row: Row, defaults: Options, faults: Sequence[Fault] = ()) -> Row | Refusal:
    """The row as it will be written; or everything that stands in its way, beside the `faults` known already."""
    if not isinstance(row.data, dict):
        return Refusal.of(row, [Fault("", _("a line must be one JSON object"))])
    values, found = _fields(with_meanings(row.data, defaults, VOCABULARIES), defaults)
    if found := [*faults, *found]:
        return Refusal.of(row, found)
    remarks = bulk.cuts(
        title=values["title"],
        summary=values["summary"],
        text=values["description"],
        keywords=values["keywords"],
    )
    return Row(row.file, row.line, values, remarks=(*remarks, *_foreign_tags(row.data, defaults)))


def _foreign_tags(data: dict[str, Any], options: Options) -> Iterator[Fault]:
    """What is said of a language that is none; the text tells by itself which one it is in."""
    said = clean_line(data.get("lang") or data.get("language"))
    if said and not is_language(meant(options, "lang", said) or said):
        reason = _(
            "“{value}” is no language code such as pl or zh-Hans; the language was found from the text"
        )
        yield Fault("lang", reason.format(value=said[:80]))


def _fields(data: dict[str, Any], defaults: Options) -> tuple[dict[str, Any], list[Fault]]:
    """The fields of a listing, and all that is wrong with them; they are of use only where nothing is."""
    faults: list[Fault] = []

    def taken(read: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return read(*arguments)
        except _Wrong as wrong:
            faults.append(wrong.fault)
            return None

    description = clean(data.get("text") or data.get("description"))
    summary = clean(data.get("summary")) or bulk.opening(description)
    if not summary:
        faults.append(Fault("text", _("there is no text, summary or description")))
    title = clean_line(data.get("title")) or _title(summary)
    declared = clean_line(data.get("lang") or data.get("language"))
    organisation, ror = taken(_organisation, data, defaults) or ("", "")
    values = {
        "ref": taken(_ref, data),
        "title": title,
        "summary": summary,
        "description": description,
        "language": languages.detect(f"{title}\n{summary}", declared if is_language(declared) else None),
        "keywords": tuple(taken(_strings, data, "keywords", None) or ()),
        "organisation": organisation,
        "ror": ror,
        "deadline": taken(_date, data, "deadline"),
        "direction": taken(_choice, data, "direction", defaults["direction"]),
        "kind": taken(_choice, data, "kind", defaults["kind"]),
        "values": {name: taken(read, *of) for name, read, *of in _further(data)},
    }
    return values, faults


def _ref(data: dict[str, Any]) -> str:
    ref = clean_line(data.get("id"))
    if not ref or len(ref) > 200:
        raise _Wrong("id", _("it is missing, or longer than 200 characters"))
    return ref


def _organisation(data: dict[str, Any], defaults: Options) -> tuple[str, str]:
    """(name, ROR identifier) of the organisation as the line or the option names it."""
    organisation = data.get("organisation") or {}
    if isinstance(organisation, str):
        organisation = {"name": organisation}
    if not isinstance(organisation, dict):
        raise _Wrong("organisation", _("it must be a name or an object with name or ror"))
    name = clean_line(organisation.get("name")) or str(defaults["organisation"])
    if len(name) > bulk.NAME_LENGTH:
        reason = _("it is longer than {limit} characters").format(limit=bulk.NAME_LENGTH)
        raise _Wrong("organisation", reason)
    return name, clean_line(organisation.get("ror")).removeprefix("https://ror.org/")


def _further(data: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """(name, function, its arguments) of every further field the line states."""
    for name, known in _LISTS.items():
        if name in data:
            yield name, _strings, data, name, known
    if data.get("ip_status"):
        yield "ip_status", _choice, data, "ip_status", ""
    for name in ("trl", "trl_min", "trl_max"):
        if data.get(name) is not None:
            yield name, _number, data[name], name, 1, 9
    if "sdgs" in data:
        yield "sdgs", _goals, data


def _goals(data: dict[str, Any]) -> list[int]:
    if not isinstance(data["sdgs"], list):
        raise _Wrong("sdgs", _("it must be a list"))
    return [_number(goal, "sdgs", 1, 17) for goal in data["sdgs"]]


def _choice(data: dict[str, Any], name: str, default: str) -> str:
    value = str(data.get(name) or default)
    if value not in _CHOICES[name]:
        raise _Wrong(
            name, _("{value} is not one of: {known}").format(value=value, known=", ".join(_CHOICES[name]))
        )
    return value


def _strings(data: dict[str, Any], name: str, known: list[str] | None) -> list[str]:
    given = data.get(name) or []
    if not isinstance(given, list) or not all(isinstance(v, str) for v in given):
        raise _Wrong(name, _("it must be a list of texts"))
    values = [clean_line(v) for v in given if clean_line(v)]
    for value in values:
        if known is not None and value not in known:
            raise _Wrong(
                name, _("{value} is not one of: {known}").format(value=value, known=", ".join(known))
            )
    if name == "work_languages":
        values = [_language(value, name) for value in values]
    limit = 80 if name == "keywords" else 35 if name == "work_languages" else 24 if known else 10
    if any(len(value) > limit for value in values):
        raise _Wrong(name, _("an entry is longer than {limit} characters").format(limit=limit))
    return values


def _language(tag: str, name: str) -> str:
    try:
        return clean_language(tag)
    except Invalid:
        reason = _("“{value}” is no language code such as pl or zh-Hans")
        raise _Wrong(name, reason.format(value=tag[:80])) from None


def _number(value: Any, name: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _Wrong(name, _("it must be a whole number from {low} to {high}").format(low=low, high=high))
    return value


def _date(data: dict[str, Any], name: str) -> date | None:
    value = data.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _Wrong(name, _("{value} is not a date such as 2018-03-21").format(value=value)) from None


def _title(summary: str) -> str:
    """The first sentence, or its beginning, where a line brings no title."""
    return bulk.opening(clean_line(summary), TITLE_LENGTH)


def _organisations(
    wanted: set[tuple[str, str]],
) -> tuple[dict[tuple[str, str], Organisation], list[Change]]:
    """(name, ROR id) → organisation, and what had to be made. One with a ROR id must be here already."""
    by_ror = {
        i.value: i.organisation
        for i in Identifier.objects.filter(
            scheme="ror", value__in=[ror for _name, ror in wanted if ror]
        ).select_related("organisation__country")
    }
    names = sorted({name for name, ror in wanted if not ror})
    homes = [bulk.Home(bulk.ref_of(name), name, Organisation.Kind.OTHER) for name in names]
    made, changes = bulk.organisations_of_source(SOURCE, homes)
    found = {
        (name, ror): by_ror[ror] if ror else made[bulk.ref_of(name)]
        for name, ror in wanted
        if not ror or ror in by_ror
    }
    return found, changes


def _imported(row: Row, home: Organisation) -> bulk.Imported:
    data = row.data
    return bulk.Imported(
        ref=data["ref"],
        row=row,
        organisation=home,
        direction=data["direction"],
        kind=data["kind"],
        language=data["language"],
        title=data["title"],
        summary=data["summary"],
        description=data["description"],
        keywords=data["keywords"],
        deadline=data["deadline"],
        values=data["values"],
    )
