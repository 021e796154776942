"""Role x object x tier x action x channel, over every door the running code reports.

Three things are asked of each answer: it holds no token the role may not meet; for a hidden object it is the
answer for an object that does not exist; and a write by the wrong role changes nothing. `make test` calls each
door once a role with a hidden and with a shown object; `make test-long` calls all of them with everything.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from serai.agreements import policies as agreements
from serai.cooperation import policies as cooperation
from serai.core import fence, policy
from serai.directory import policies as directory
from serai.events import policies as events
from serai.exchange import policies as exchange
from serai.exchange.index import reader
from tests.trust import walk
from tests.trust.walk import Call
from tests.trust.world import (
    BOTH,
    INTERPRETER,
    NODE,
    ORGANISER,
    OTHER,
    OWNER,
    PARTICIPANT,
    PERSON,
    ROLES,
    SECRETARIAT,
    STEWARD,
    STRANGER,
    THIRD,
    UNVERIFIED,
    World,
)

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r"kanari\d{4}x")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass
class Findings:
    leaks: list[str] = field(default_factory=list)
    told_apart: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    answers: int = 0

    def all(self) -> list[str]:
        return [*self.failures, *self.leaks, *self.told_apart, *self.changed]


def chosen(calls: Iterable[Call], role: str, *, everything: bool) -> Iterator[Call]:
    """All calls; or of each door those without an object and one each with a hidden and a shown one.

    Each role then takes every other door that speaks of an object and every third that writes, in turn, so
    that the roles together try them all.
    """
    if everything:
        yield from calls
        return
    grouped: dict[tuple[str, str, str, bool], list[Call]] = defaultdict(list)
    for call in calls:
        turn = zlib.crc32(f"{call.method}{call.door}".encode()) + ROLES.index(role)
        if (call.method != "GET" and turn % 3) or (call.thing is not None and turn % 2):
            continue
        if call.thing is None:
            grouped[call.method, call.door, call.address, True].append(call)
        else:
            grouped[call.method, call.door, "", role in call.thing.seen_by].append(call)
    for (method, door, _address, _shown), same in grouped.items():
        yield same[zlib.crc32(f"{method}{door}{role}".encode()) % len(same)]


class Walker:
    """Walks as one role and writes down what is wrong."""

    def __init__(self, world: World, clients: dict[str, Client], role: str) -> None:
        self.world, self.role, self.client = world, role, clients[role]
        self.hidden = {p.token: p.where for p in world.planted if role not in p.seen_by}
        self.hidden_ids = {str(t.id): f"id of {t.kind}, {t.state}" for t in world.things}
        for thing in world.things:  # one id may stand for two kinds of access, as a meeting's does
            if role in thing.seen_by:
                self.hidden_ids.pop(str(thing.id), None)
        self.missing: dict[tuple[str, str], str] = {}

    def walk(self, calls: Iterable[Call], findings: Findings) -> None:
        for call in calls:
            text = self._answer(call, findings)
            self._look_for_leaks(call, text, findings)
            if call.thing is not None and self.role not in call.thing.seen_by:
                self._compare_with_missing(call, text, findings)

    def _answer(self, call: Call, findings: Findings, pk: object = None) -> str:
        cookies = deepcopy(self.client.cookies)
        with transaction.atomic():
            response: Any = walk.send(self.client, call, pk)
            text = f"{response.status_code}\n{walk.text_of(response)}"
            walk.done(response)
            if response.status_code >= 500:
                cause = getattr(response, "exc_info", None)
                findings.failures.append(
                    f"{response.status_code}: {self.role}: {call} {cause and cause[1]!r}"
                )
            if call.method != "GET" and pk is None:
                self._look_for_changes(call, findings)
            transaction.set_rollback(True)
        self.client.cookies = cookies  # with the rows: else whoever signed out walks on as a stranger
        findings.answers += 1
        return text

    def _look_for_leaks(self, call: Call, text: str, findings: Findings) -> None:
        for token in sorted(set(TOKEN.findall(text)) & self.hidden.keys()):
            findings.leaks.append(f"leak: {self.role}: {call}: {self.hidden[token]}")
        asked = {str(call.thing.id)} if call.thing else set()
        for pk in sorted((set(ID.findall(text)) & self.hidden_ids.keys()) - asked):
            findings.leaks.append(f"leak: {self.role}: {call}: {self.hidden_ids[pk]}")

    def _compare_with_missing(self, call: Call, text: str, findings: Findings) -> None:
        assert call.thing is not None
        key = (call.method, call.address)
        if key not in self.missing:
            pk = walk.random_id()
            self.missing[key] = walk.comparable(self._answer(call, findings, pk), pk)
        if walk.comparable(text, call.thing.id) != self.missing[key]:
            first = f"{text[:3]} for the hidden one, {self.missing[key][:3]} for one that is not there"
            findings.told_apart.append(f"told apart: {self.role}: {call}: {first}")

    def _look_for_changes(self, call: Call, findings: Findings) -> None:
        tables = [name for name in changed_tables() if name not in MAY_ALWAYS_CHANGE]
        if tables and not may_write(self.role, call):
            findings.changed.append(f"written: {self.role}: {call}: {', '.join(tables)}")


# --- what a write may touch ---------------------------------------------------------------------------------
MAY_ALWAYS_CHANGE = {"django_session", "core_cache", "usersessions_usersession", "accounts_user"}
"""Sessions, limits on tries and the time of the last sign-in. `accounts_user` has `last_login`."""


def changed_tables() -> list[str]:
    """Tables whose rows differ from those of the world: found by counting, then by comparing sums of rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        touched = sorted(row[0] for row in cursor.fetchall())
        return [name for name in touched if _sum_of(cursor, name) != _sums[name]]


_sums: dict[str, object] = {}


def remember_sums() -> None:
    _sums.clear()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (name,) in cursor.fetchall():
            _sums[name] = _sum_of(cursor, name)


def _sum_of(cursor: Any, table: str) -> object:
    cursor.execute(
        f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "{table}" t'  # noqa: S608
    )
    return cursor.fetchone()


# Which roles may change something by a door, from the documents. (role set, beginning of the path, kinds' states)
WITH_ORGANISATION = frozenset({UNVERIFIED, OWNER, OTHER, THIRD, ORGANISER, PARTICIPANT})
SIGNED_IN = frozenset(ROLES) - {STRANGER}
WRITERS: tuple[tuple[frozenset[str], str, str], ...] = (
    (frozenset(ROLES), r"/(accounts|join|i18n)/", ""),
    (SIGNED_IN, r"/(settings|notices)/", ""),
    (SIGNED_IN, r"/colleagues/<uuid:organisation>/request", ""),
    (SIGNED_IN, r"/(network/register/|api/v1/organisations$)", ""),
    (frozenset({OWNER, SECRETARIAT}), r"/(memberships|invitations|colleagues)/", ""),
    (NODE, r"/requests-to-join/", ""),
    (NODE, r"/(network|api/v1/organisations)/", ""),
    (NODE | {OWNER}, r"/(imports/<uuid:pk>/|api/v1/imports/)", ""),
    (WITH_ORGANISATION, r"/(network|api/v1/organisations)/<uuid:pk>", "own organisation"),
    (frozenset({OWNER}), r"/(exchange|api/v1/listings)/<uuid:pk>", "not other side"),
    (frozenset({OTHER}), r"/(exchange|api/v1/listings)/<uuid:pk>", "published, other side"),
    (frozenset({OTHER}), r"/(exchange|api/v1/listings)/<uuid:pk>", "draft, other side"),
    (NODE, r"/(exchange|api/v1/listings)/<uuid:pk>/(review|hold)", ""),
    (WITH_ORGANISATION, r"/(exchange/new/|api/v1/listings$)", ""),
    (WITH_ORGANISATION, r"/exchange/<uuid:pk>/interest/|/api/v1/interests$", ""),
    (BOTH, r"/(exchange|api/v1)/interests/<", ""),
    (frozenset({ORGANISER}), r"/(meet|api/v1/events|api/v1/participants|api/v1/meetings)/", ""),
    (frozenset({ORGANISER}), r"/api/v1/(events|participants|meetings)$", ""),
    (BOTH, r"/(meet|api/v1)/(requests|meeting-requests|meetings|outcomes|registrations)/", ""),
    (BOTH | {PARTICIPANT}, r"/meet/(registrations/|<uuid:pk>/registration/)", ""),
    (BOTH | {PARTICIPANT}, r"/api/v1/(participants|meeting-requests|meetings)", ""),
    (
        frozenset({PARTICIPANT}),
        r"/(meet/(requests|meetings)|build/cases/new/meeting)/",
        "about a draft",
    ),  # its own
    (BOTH, r"/(build|api/v1/(agreements|cases|projects|facilities|results|openings))", ""),
    (NODE, r"/(build|api/v1)/results/<uuid:pk>/(validate|refuse)", ""),
    (frozenset({SECRETARIAT}), r"/api/v1/releases$|/observe/releases/", ""),
)


def may_write(role: str, call: Call) -> bool:
    if call.thing is not None and role not in call.thing.seen_by:
        return False
    for roles, path, state in WRITERS:
        if role not in roles or not re.match(path, call.door):
            continue
        if not state or call.thing is None:
            return True
        if state == "own organisation" and call.thing.state in ("submitted", f"verified, {role}"):
            return True
        if state == call.thing.state or (state == "not other side" and "other side" not in call.thing.state):
            return True
    return False


# --- the matrix ---------------------------------------------------------------------------------------------
def walk_all(
    world: World,
    clients: dict[str, Client],
    *,
    everything: bool,
    roles: Iterable[str] = ROLES,
    paths: str = "/",
    unsafe: tuple[bool, ...] = (False, True),
) -> Findings:
    findings = Findings()
    remember_sums()
    every = [call for kind in unsafe for call in walk.calls(world, unsafe=kind)]
    every = [call for call in every if re.match(paths, call.door)]
    for role in roles:
        Walker(world, clients, role).walk(chosen(every, role, everything=everything), findings)
    return findings


def report(lines: list[str]) -> str:
    return f"{len(lines)} findings:\n" + "\n".join(lines[:200])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_meets_nothing_it_may_not_see_and_hidden_is_missing(
    world: World, clients: dict[str, Client], role: str
) -> None:
    findings = walk_all(world, clients, everything=False, roles=[role])

    assert not findings.all(), report(findings.all())
    assert findings.answers > 150


def test_every_door_is_tried(world: World) -> None:
    """A new route fails here until somebody says how to call it;"""
    every = [call for unsafe in (False, True) for call in walk.calls(world, unsafe=unsafe)]
    tried: dict[tuple[str, str], set[str]] = defaultdict(set)
    for role in ROLES:
        for call in chosen(every, role, everything=False):
            tried[call.door, call.method].add(role)

    for method, path in walk.doors():
        for verb in ("GET", "POST") if method == "PAGE" else (method,):
            assert len(tried[path, verb]) >= 1, f"{verb} {path}"


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_role_at_every_door_with_every_object(world: World, clients: dict[str, Client], role: str) -> None:
    findings = walk_all(world, clients, everything=True, roles=[role])

    assert not findings.all(), report(findings.all())
    assert findings.answers > 1500


def test_who_signs_out_on_the_way_walks_on_as_before(world: World, clients: dict[str, Client]) -> None:
    findings = walk_all(world, clients, everything=True, roles=[OWNER], paths="/accounts/logout/")

    assert findings.answers == 2
    assert clients[OWNER].get("/settings/").status_code == 200


def test_each_role_does_meet_what_it_may_see(world: World, clients: dict[str, Client]) -> None:
    """A matrix that sees nothing finds no leak: the owner's own tokens must come out somewhere."""
    met: set[str] = set()
    for call in walk.calls(world, unsafe=False):
        if call.thing is None or OWNER in call.thing.seen_by:
            response: Any = walk.send(clients[OWNER], call)
            met |= set(TOKEN.findall(walk.text_of(response)))
            walk.done(response)

    wanted = {p.token: p.where for p in world.planted if OWNER in p.seen_by}
    unseen = [where for token, where in wanted.items() if token not in met]
    assert len(unseen) < len(wanted) / 10, unseen


def test_an_anonymous_owner_is_named_nowhere_beside_the_listing(
    world: World, clients: dict[str, Client]
) -> None:
    """Neither the listing's page, nor a list, a search or a download joins the listing with its owner."""
    listing, owner = world.values["anonymous"], world.values["shy"]
    for role in (STRANGER, PERSON, UNVERIFIED, OWNER, THIRD, INTERPRETER):
        for call in walk.calls(world, unsafe=False):
            about_it = call.thing is not None and call.thing.id in (listing.pk, owner.pk)
            if not re.match(r"/(find|exchange|network|api/v1/(listings|search|matches))", call.door):
                continue
            if call.thing is None or about_it:
                response: Any = walk.send(clients[role], call)
                text = walk.text_of(response)
                walk.done(response)
                on_listing = "Quiet offer" in text or str(listing.pk) in text or listing.reference in text
                on_owner = owner.name in text or str(owner.pk) in text
                assert not (on_listing and on_owner), f"{role}: {call}"


# --- teeth: each policy switched off is found ---------------------------------------------------------------
SWITCHED_OFF: tuple[tuple[str, Callable[..., Any], Callable[..., Any], str, str], ...] = (
    (
        "network text",
        exchange.visible_details,
        lambda viewer: ListingDetail.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        PERSON,
        r"/(exchange|api/v1/listings)/",
    ),
    (
        "contact",
        exchange.visible_contacts,
        lambda viewer: ListingContact.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        THIRD,
        r"/(exchange|api/v1/listings)/",
    ),
    (
        "interest",
        exchange.visible_interests,
        lambda viewer: Interest.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        STEWARD,
        r"/(exchange|api/v1)/interests",
    ),
    (
        "draft listing",
        exchange.visible_listings,
        lambda viewer: Listing.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        STRANGER,
        r"/(exchange|api/v1/listings)",
    ),
    (
        "wording of an agreement",
        agreements.visible_bodies,
        lambda viewer: AgreementBody.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        THIRD,
        r"/(build|api/v1)/agreements",
    ),
    (
        "agreement",
        agreements.visible_agreements,
        lambda viewer: Agreement.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        STRANGER,
        r"/(build|api/v1)/agreements",
    ),
    (
        "case",
        cooperation.visible_cases,
        lambda viewer: Case.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        THIRD,
        r"/(build|api/v1)/cases",
    ),
    (
        "result",
        cooperation.visible_results,
        lambda viewer: Result.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        STRANGER,
        r"/(build|api/v1)/results",
    ),
    (
        "organisation that waits",
        directory.visible_organisations,
        lambda viewer: Organisation.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        STRANGER,
        r"/(network|api/v1/organisations)",
    ),
    (
        "unlisted participant",
        events.visible_participants,
        lambda viewer: Participant.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        PARTICIPANT,
        r"/(meet|api/v1)/(participants|<uuid:pk>/participants)",
    ),
    (
        "meeting",
        events.visible_meetings,
        lambda viewer: Meeting.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        THIRD,
        r"/(meet|api/v1)/meetings",
    ),
    (
        "request to meet",
        events.visible_requests,
        lambda viewer: MeetingRequest.objects.all(),  # type: ignore[name-defined]  # noqa: F821
        THIRD,
        r"/api/v1/meeting-requests",
    ),
)


@pytest.mark.parametrize(
    ("rule", "everything", "role", "paths"),
    [pytest.param(*row[1:], id=row[0]) for row in SWITCHED_OFF],
)
def test_the_matrix_finds_the_leak_when_a_rule_is_switched_off(
    world: World,
    clients: dict[str, Client],
    rule: Callable[..., Any],
    everything: Callable[..., Any],
    role: str,
    paths: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The body of the rule itself is replaced, so it is off wherever it was imported; no fence stands behind it."""
    monkeypatch.setattr(fence, "become", lambda viewer: fence._subject.set(fence.NODE))
    at = {"everything": True, "roles": [role], "paths": paths, "unsafe": (False,)}
    kept = rule.__code__  # type: ignore[attr-defined]
    rule.__code__ = everything.__code__  # type: ignore[attr-defined]
    try:
        findings = walk_all(world, clients, **at)  # type: ignore[arg-type]
    finally:
        rule.__code__ = kept  # type: ignore[attr-defined]

    assert findings.leaks


def test_every_declared_door_has_a_rule_that_exists() -> None:
    for door in policy.all_doors():
        assert door.rule in policy.registry.rules, door


def test_downloads_hold_exactly_the_declared_columns(world: World, clients: dict[str, Client]) -> None:
    """A column that is written without being declared would leave by no door."""
    declared: dict[str, set[str]] = defaultdict(set)
    for door in policy.all_doors():
        if door.channel == "export":
            name, column = door.name.split(".", 1)
            declared[name].add(column)
    downloads = {
        "listings": "/exchange/export.csv",
        "organisations": "/network/organisations.csv",
        "agreements": "/build/agreements/?format=csv",
        "figures": "/observe/figures.csv",
        "ties": "/observe/ties.csv",
        "release": f"/observe/releases/{world.one('release', 'provisional').id}.csv",
        "registrations": f"/meet/{world.of('event')[0].id}/registrations/?format=csv",
        "lines-not-taken": f"/imports/{world.one('import', 'done').id}/refused.csv",
    }

    # What gives somebody's own file back has that file's columns; its rule is in the door.
    given_back = {name for name, columns in declared.items() if columns == {"*"}}
    assert given_back == {"rows-to-mend"}
    assert downloads.keys() == declared.keys() - given_back
    for name, address in downloads.items():
        response: Any = clients[ORGANISER if name == "registrations" else STEWARD].get(address)
        first = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()[0]
        walk.done(response)
        assert {part.strip('"') for part in first.split(",")} <= declared[name]


def test_a_search_for_a_hidden_word_is_a_search_for_no_word(
    world: World, clients: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits, counts, suggestions and snippets are the same for a word in a hidden text and one nowhere.

    By words only: the stand-in for the encoders gives every made-up word a direction of its own.
    """
    monkeypatch.setattr(reader, "opened", lambda tier: None)
    doors = (
        "/find/?q={}",
        "/exchange/?q={}",
        "/network/?q={}",
        "/network/organisations.csv?q={}",
        "/api/v1/search?q={}",
        "/api/v1/organisations?q={}",
        f"/meet/{world.values['event'].pk}/participants/?q={{}}",
    )
    for role in (STRANGER, PERSON, THIRD, STEWARD, ORGANISER, PARTICIPANT):
        hidden = [p for p in world.planted if role not in p.seen_by]
        some = hidden[:: max(1, len(hidden) // 8)]
        for door in doors:
            nothing = _searched(clients[role], door, "kanari9999x")
            for planted in some:
                assert _searched(clients[role], door, planted.token) == nothing, (
                    f"{role} {door} {planted.where}"
                )


def _searched(client: Client, door: str, word: str) -> str:
    response: Any = client.get(door.format(word))
    text = f"{response.status_code}{walk.text_of(response)}"
    walk.done(response)
    return walk.comparable(text.replace(word, "WORD"), "-")
