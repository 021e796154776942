"""Reading the directory: search, list, map, and what looks like a duplicate."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Left, StrIndex
from django.db.models.lookups import GreaterThan

from serai.accounts import policies as accounts
from serai.accounts.models import Membership
from serai.core.api import COUNT_CAP
from serai.core.viewer import Viewer
from serai.directory import identifiers, names, places, policies, vocabularies
from serai.directory.models import (
    Identifier,
    Organisation,
    OrganisationName,
    Place,
    Relation,
    SearchKey,
    Verification,
)

ENDINGS = (Organisation.Status.MERGED, Organisation.Status.DISSOLVED, Organisation.Status.WITHDRAWN)
HITS_CAP = 8000
"""More names than this that hold a word make it a common one."""

LOOKED_AT = 400
"""So many first names tell whether a common word is found early in the list."""

RELATION_CAP = 60
"""A record shows this many relations in each direction; a national academy has thousands."""


# --- list and search --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Search:
    """What a list is narrowed to; empty values narrow nothing. `place` is a country or a grouping."""

    text: str = ""
    kind: str = ""
    place: Place | None = None
    state: str = ""

    VERIFIED = "verified"
    ENDED = "ended"
    MINE = "mine"
    WAITING = "waiting"
    DRAFT = "draft"
    SUSPENDED = "suspended"

    STATES = (VERIFIED, ENDED, MINE, WAITING, DRAFT, SUSPENDED)
    UNPUBLISHED = (WAITING, DRAFT, SUSPENDED)
    """Of these everybody but stewards finds their own only."""


def found(viewer: Viewer, search: Search) -> QuerySet[Organisation]:
    """Organisations the viewer sees that fit the search, in the order of their names; tombstones on request."""
    rows = _narrowed(viewer, search)
    if search.text.strip():
        rows = rows.filter(_named(search.text))
    return rows.select_related("country").order_by("search_key", "pk")


def waiting(viewer: Viewer, text: str = "") -> QuerySet[Organisation]:
    """What waits for a steward, narrowed to names and identifiers that fit."""
    rows = policies.waiting_organisations(viewer)
    return rows.filter(_named(text)) if text.strip() else rows


MOST_SUGGESTED = 8


def suggested(viewer: Viewer, text: str) -> list[tuple[Organisation, bool]]:
    """The first organisations that fit what is being typed, each with whether another one bears the same name."""
    fitting = list(found(viewer, Search(text=text))[:MOST_SUGGESTED]) if text.strip() else []
    seen = policies.visible_organisations(viewer)
    keys = [organisation.search_key for organisation in fitting]
    called = seen.filter(search_key__in=keys).values_list("pk", "search_key")
    also = OrganisationName.objects.filter(search_key__in=keys, organisation__in=seen)
    bearers = {*called[:200], *also.values_list("organisation_id", "search_key")[:200]}
    number = Counter(key for _pk, key in bearers)
    return [(organisation, number[organisation.search_key] > 1) for organisation in fitting]


def _narrowed(viewer: Viewer, search: Search) -> QuerySet[Organisation]:
    """What fits the search, its text aside."""
    rows = policies.visible_organisations(viewer).filter(_in_state(search.state, viewer))
    if search.kind:
        rows = rows.filter(kinds__contains=[search.kind])
    if search.place:
        rows = rows.filter(places.within(search.place))
    return rows


_UNPUBLISHED = {
    Search.WAITING: policies.WAITING_STATUSES,
    Search.DRAFT: (Organisation.Status.DRAFT,),
    Search.SUSPENDED: (Organisation.Status.SUSPENDED,),
}


def _in_state(state: str, viewer: Viewer) -> Q:
    if state == Search.VERIFIED:
        return Q(status=Organisation.Status.VERIFIED)
    if state == Search.ENDED:
        return Q(status__in=ENDINGS)
    if state in _UNPUBLISHED:
        return Q(status__in=_UNPUBLISHED[state])
    if state == Search.MINE:
        return Q(pk__in=accounts.organisation_ids(viewer))
    return Q(status__in=policies.ACTIVE_STATUSES) | (
        Q(status__in=policies.WAITING_STATUSES) & policies.FROM_A_REGISTER
    )


def _named(text: str) -> Q:
    """Organisations with a name that holds every word of `text`, or with `text` as an identifier.

    Both sides are search keys, so case, accents and the database's locale do not matter, and the trigram
    indexes serve every script. Hits are looked up first and then sorted, unless a word is common
    ("university"): then the list is walked in its order and soon has a page together.
    """
    hits = _hits(text)
    if hits[: HITS_CAP + 1].count() <= HITS_CAP or not _begins_early(text):
        return Q(pk__in=hits)
    # Between two bounds instead of equal: then the planner asks row by row and does not gather all hits first.
    here = {"organisation__gte": OuterRef("pk"), "organisation__lte": OuterRef("pk")}
    return _says_words(text) | Q(Exists(OrganisationName.objects.filter(_says_words(text), **here)))


def _hits(text: str) -> QuerySet[Any]:
    """Ids of organisations with such a name or identifier, possibly more than once."""
    holds = _holds_words(text)
    return (
        OrganisationName.objects.filter(holds)
        .values_list("organisation_id", flat=True)
        .union(
            Organisation.objects.filter(holds).values_list("pk", flat=True),
            Identifier.objects.filter(_is_identifier(text)).values_list("organisation_id", flat=True),
            all=True,
        )
    )


def _begins_early(text: str) -> bool:
    """Whether the first names of the list hold the text, so that walking it soon has a page together.

    "University of …" stands far behind, and names in other scripts behind all Latin ones.
    """
    first = Organisation.objects.order_by("search_key", "pk").values("pk")[:LOOKED_AT]
    return Organisation.objects.filter(_says_words(text), pk__in=first).count() >= LOOKED_AT // 50


def _holds_words(text: str) -> Q:
    """Rows whose `search_key` holds every word of `text`."""
    holds = Q()
    for word in _words(text):
        holds &= Q(search_key__contains=SearchKey(Value(word)))
    return holds


def _says_words(text: str) -> Q:
    """The same, asked so that no index of all names answers: for looking at few names of many organisations."""
    says = Q()
    for word in _words(text):
        says &= Q(GreaterThan(StrIndex("search_key", SearchKey(Value(word))), 0))
    return says


def _words(text: str) -> list[str]:
    """Null characters, which no name has, are left out."""
    return [word[:100] for word in text.replace("\x00", "").split()[:8]]


def names_that_match(organisations: Sequence[Organisation], text: str) -> dict[UUID, OrganisationName]:
    """For organisations found by a name other than the one shown: that name, by organisation."""
    other = (
        OrganisationName.objects.filter(_holds_words(text), organisation__in=[o.pk for o in organisations])
        .exclude(organisation__in=Organisation.objects.filter(_holds_words(text)))
        .order_by("kind", "text")
    )
    return {name.organisation_id: name for name in other}


def _is_identifier(text: str) -> Q:
    wanted = Q(pk__in=[])
    for scheme, value in identifiers.candidates(text):
        wanted |= Q(scheme=scheme, value=value)
    return wanted


# --- map ----------------------------------------------------------------------------------------------------
def counts_by_country(viewer: Viewer, search: Search) -> list[tuple[Place, int]]:
    """(country, number of organisations found there), the number never above the cap."""
    rows = _narrowed(viewer, search).exclude(country=None)
    if search.text.strip():
        rows = rows.filter(pk__in=_hits(search.text))
    counted = rows.order_by().values("country").annotate(n=Count("*"))
    numbers = {line["country"]: min(line["n"], COUNT_CAP) for line in counted}
    return [(place, numbers[place.pk]) for place in Place.objects.filter(pk__in=numbers)]


# --- one organisation -------------------------------------------------------------------------------------
def with_details(viewer: Viewer, pk: UUID) -> QuerySet[Organisation]:
    """The organisation with all a record page shows, in a number of queries that does not grow with it."""
    return (
        policies.visible_organisations(viewer)
        .filter(pk=pk)
        .select_related("country", "successor__country")
        .prefetch_related("names", "identifiers", "labels", "texts")
    )


def may_ask_to_join(viewer: Viewer, organisation: Organisation) -> bool:
    """Whether this is the next step of somebody who belongs to no organisation yet and has asked none."""
    if not viewer.is_authenticated or organisation.status not in policies.ACTIVE_STATUSES:
        return False
    asked_or_in = Membership.objects.filter(
        user_id=viewer.pk, status__in=[Membership.Status.ACTIVE, Membership.Status.REQUESTED]
    )
    return (
        not asked_or_in.exists()
        and not accounts.is_steward(viewer)
        and policies.managers_of(organisation).exists()
    )


def relations_of(viewer: Viewer, organisation: Organisation) -> tuple[list[Relation], bool]:
    """(relations both ways whose other end the viewer sees, whether there are more than shown)."""
    visible = policies.visible_organisations(viewer)
    related = Relation.objects.select_related("source__country", "target__country").order_by(
        "kind", "created_at"
    )
    outward = list(related.filter(source=organisation, target__in=visible)[: RELATION_CAP + 1])
    inward = list(related.filter(target=organisation, source__in=visible)[: RELATION_CAP + 1])
    is_cut = len(outward) > RELATION_CAP or len(inward) > RELATION_CAP
    return [*outward[:RELATION_CAP], *inward[:RELATION_CAP]], is_cut


def latest_findings(organisation: Organisation) -> dict[str, Verification]:
    """The last check of each criterion."""
    checks = (
        Verification.objects.filter(organisation=organisation)
        .order_by("checked_at")
        .select_related("checked_by")
    )
    return {check.criterion: check for check in checks}


def label_of(field: str, code: str) -> str:
    """The label of a code of `vocabularies`; an unknown code stands for itself."""
    lists = {
        "size_class": vocabularies.SizeClass,
        "sectors": vocabularies.Sector,
        "fields_of_science": vocabularies.FieldOfScience,
    }
    return str(dict(lists[field].choices).get(code, code))


def for_export(viewer: Viewer, search: Search) -> QuerySet[Organisation]:
    return found(viewer, search).prefetch_related(
        Prefetch("identifiers", Identifier.objects.order_by("scheme", "value"))
    )


# --- look-alikes and duplicates ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Suspicion:
    """Another organisation that may be the same or may be imitated, and why we think so."""

    organisation: Organisation
    reason: str
    detail: str = ""

    SAME_IDENTIFIER = "same_identifier"
    SAME_NAME = "same_name"
    LOOKS_ALIKE = "looks_alike"


@dataclass(frozen=True)
class NameCheck:
    """What the comparison of an organisation's names showed. `uncompared` names of others had no skeleton yet."""

    suspicions: Sequence[Suspicion]
    mixed_words: Sequence[str]
    uncompared: bool = False


def check_of(organisation: Organisation) -> NameCheck:
    """Everything a steward should know about an organisation's names and identifiers before verifying it."""
    own_names = [organisation.name, *organisation.names.values_list("text", flat=True)]
    by_id: dict[Any, Suspicion] = {}
    for suspicion in (
        *_same_identifier(organisation),
        *_same_name(organisation),
        *_look_alikes(organisation),
    ):
        by_id.setdefault(suspicion.organisation.pk, suspicion)
    return NameCheck(
        suspicions=list(by_id.values())[:20],
        mixed_words=[word for name in dict.fromkeys(own_names) for word in names.mixed_words(name)],
        uncompared=OrganisationName.objects.filter(skeleton="").exists(),
    )


def _others(organisation: Organisation) -> QuerySet[Organisation]:
    return Organisation.objects.exclude(pk=organisation.pk).select_related("country")


def _same_identifier(organisation: Organisation) -> list[Suspicion]:
    wanted = Q(pk__in=[])
    for scheme, value in organisation.identifiers.values_list("scheme", "value"):
        wanted |= Q(scheme=scheme, value=value)
    same = (
        Identifier.objects.filter(wanted)
        .exclude(organisation=organisation)
        .select_related("organisation__country")[:10]
    )
    return [Suspicion(i.organisation, Suspicion.SAME_IDENTIFIER, f"{i.scheme} {i.value}") for i in same]


def _same_name(organisation: Organisation) -> list[Suspicion]:
    same = same_named([organisation.name], organisation.country).exclude(pk=organisation.pk)[:10]
    return [Suspicion(other, Suspicion.SAME_NAME, other.name) for other in same]


def same_named(wanted: Sequence[str], country: Place | None) -> QuerySet[Organisation]:
    """Organisations that bear one of the names, case and accents aside, in the same country (or in none)."""
    shown, any_name = Q(pk__in=[]), Q(pk__in=[])
    for name in wanted:
        shown |= Q(search_key=Left(SearchKey(Value(name)), 240))
        any_name |= Q(search_key=SearchKey(Value(name)))
    named = OrganisationName.objects.filter(any_name).values("organisation_id")
    here = Q(country=country) | Q(country=None) if country else Q()
    return Organisation.objects.filter(here).filter(shown | Q(pk__in=named)).select_related("country")


def _look_alikes(organisation: Organisation) -> list[Suspicion]:
    own = {names.skeleton(text) for text in organisation.names.values_list("text", flat=True)}
    own.add(names.skeleton(organisation.name))
    return [
        Suspicion(name.organisation, Suspicion.LOOKS_ALIKE, name.text)
        for name in looking_like(own).exclude(organisation=organisation)[:20]
    ]


def looking_like(skeletons: set[str]) -> QuerySet[OrganisationName]:
    """Names with one of the skeletons. Only the first 200 characters are compared."""
    heads = {skeleton[:200] for skeleton in skeletons if skeleton}
    return (
        OrganisationName.objects.annotate(head=Left(F("skeleton"), 200))
        .filter(head__in=heads)
        .select_related("organisation__country")
    )
