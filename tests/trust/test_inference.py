"""What cannot be read must not be told by the difference of two answers either.

Each test asks for something hidden and for something that is nowhere, in the same way, and compares the two
answers byte for byte but for what was asked. The ways are those the matrix does not walk: ids in bodies and
queries, names and addresses that are taken, methods nobody uses.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from serai.accounts.models import Membership
from serai.directory.models import Identifier, Organisation
from tests import factories as f
from tests.trust import walk
from tests.trust.world import (
    ORGANISER,
    OTHER,
    OWNER,
    PARTICIPANT,
    PERSON,
    ROLES,
    STRANGER,
    THIRD,
    Thing,
    World,
)

pytestmark = pytest.mark.django_db

# What the id in a field of a body or query means. A new field fails the test until somebody has said so.
KIND_OF_FIELD = {
    "organisation": "organisation",
    "parties": "organisation",
    "hosts": "organisation",
    "event": "event",
    "parent": "event",
    "listing": "listing",
    "own_listing": "listing",
    "requester": "participant",
    "invitee": "participant",
    "interest": "interest",
    "meeting": "meeting",
    "request": "request",
    "agreement": "agreement",
    "follows": "agreement",
    "record": "agreement",  # of an opening, whose sample says that it is one
    "case": "case",
    "project": "project",
    "facility": "facility",
}
PARTS = {"slot", "table", "absent_slots", "party"}
"""Ids of parts that everybody who sees the whole may read."""


def _id_fields(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the uuid fields of a schema; `[]` stands for the items of a list."""
    if "$ref" in schema:
        yield from _id_fields(
            walk.description()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], path
        )
    for choice in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(choice, []):
            yield from _id_fields(option, path)
    if schema.get("format") == "uuid":
        yield path
    if schema.get("type") == "array":
        yield from _id_fields(schema["items"], (*path, "[]"))
    for name, part in schema.get("properties", {}).items():
        yield from _id_fields(part, (*path, name))


def _with(body: dict[str, Any], path: tuple[str, ...], value: str) -> dict[str, Any]:
    """The body with `value` at `path`, lists made as long as one item."""
    made: Any = copy.deepcopy(body)
    at = made
    for step, following in zip(path, (*path[1:], None), strict=True):
        key: Any = 0 if step == "[]" else step
        if following is None:
            at[key] = value
            break
        if step != "[]" and not at.get(step):
            at[step] = [{} if path[path.index("[]") + 1 :] else ""] if following == "[]" else {}
        at = at[key]
    return dict(made)


def _kind(path: tuple[str, ...]) -> str | None:
    name = [step for step in path if step != "[]"][-1]
    if name in PARTS:
        return None
    if name not in KIND_OF_FIELD:
        raise AssertionError(f"Nobody has said what the id {name} means: add it to KIND_OF_FIELD.")
    return KIND_OF_FIELD[name]


def _own(world: World, kind: str, role: str) -> str:
    """An object of the kind that the role sees, its own where it has one."""
    seen = [thing for thing in world.of(kind) if role in thing.seen_by]
    own = [thing for thing in seen if role in thing.state or len(thing.seen_by) < len(ROLES) // 2]
    return str((own or seen or world.of(kind))[0].id)


def _bodies() -> Iterator[tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]]:
    """(method, path, the id field under test, all id fields) of every operation that takes ids in its body."""
    for path, operations in walk.description()["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                fields = sorted(set(_id_fields(content["schema"])))
                for tried in fields:
                    yield method.upper(), path, tried, fields


def _answer(client: Client, method: str, address: str, body: str, pk: object) -> str:
    with transaction.atomic():
        response: Any = client.generic(method, address, body, content_type="application/json")
        text = f"{response.status_code}\n{walk.text_of(response)}"
        walk.done(response)
        transaction.set_rollback(True)
    text = walk.comparable(text, pk)
    return _neutral(text) if method == "POST" and response.status_code < 300 else text


def _neutral(text: str) -> str:
    """Without the ids and times of what was just made."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "TIME", text)


@pytest.mark.parametrize("role", [OWNER, OTHER, THIRD, ORGANISER, PARTICIPANT])
def test_a_hidden_id_in_a_body_answers_like_one_that_is_not_there(
    world: World, clients: dict[str, Client], role: str
) -> None:
    told_apart, tried = [], 0
    for method, path, field, fields in _bodies():
        kind = _kind(field)
        hidden = [t for t in world.of(kind) if role not in t.seen_by] if kind else []
        if not hidden:
            continue
        door = path.replace("{pk}", "<uuid:pk>")
        body = json.loads(walk.sample_body(method, path))
        if "languages" in body:
            body["languages"] = ["en"]  # or the answer is about the language, not about the id
        for other in fields:
            known = _kind(other)
            if other != field and known:
                body = _with(body, other, _own(world, known, role))
        address = (
            path.replace("{pk}", _own(world, walk.things_of(world, door)[0].kind, role))
            if "{pk}" in path
            else path
        )
        for thing in hidden:
            nowhere = walk.random_id()
            pair = [
                _answer(clients[role], method, address, json.dumps(_with(body, field, str(pk))), pk)
                for pk in (thing.id, nowhere)
            ]
            tried += 1
            if pair[0] != pair[1] or pair[0].startswith("5"):
                told_apart.append(
                    f"{method} {path} {field}: {thing.kind}, {thing.state}: {pair[0][:3]} {pair[1][:3]}"
                )

    assert told_apart == []
    assert tried > 20


@pytest.mark.parametrize("role", [STRANGER, PERSON, OWNER, THIRD, PARTICIPANT])
def test_a_hidden_id_in_a_query_answers_like_one_that_is_not_there(
    world: World, clients: dict[str, Client], role: str
) -> None:
    told_apart = []
    for path, operations in walk.description()["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            if parameter["in"] != "query" or "uuid" not in json.dumps(parameter["schema"]):
                continue
            kind = KIND_OF_FIELD[parameter["name"]]
            for thing in [t for t in world.of(kind) if role not in t.seen_by]:
                pair = [
                    _answer(clients[role], "GET", f"{path}?{parameter['name']}={pk}", "", pk)
                    for pk in (thing.id, walk.random_id())
                ]
                told_apart += [f"{path} {parameter['name']}: {thing.state}"] if pair[0] != pair[1] else []

    assert told_apart == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_no_method_tells_the_hidden_from_the_missing(
    world: World, clients: dict[str, Client], method: str
) -> None:
    told_apart = []
    doors = {path: things for path, things in _object_doors(world) if things}
    for role in (STRANGER, THIRD):
        for path, things in doors.items():
            thing = next((t for t in things if role not in t.seen_by), None)
            if thing is None:
                continue
            pair = [
                _answer(clients[role], method, path.replace("{pk}", str(pk)), "", pk)
                for pk in (thing.id, walk.random_id())
            ]
            if pair[0] != pair[1] or pair[0].startswith("5"):
                told_apart.append(f"{role}: {method} {path}: {pair[0][:3]} {pair[1][:3]}")

    assert told_apart == []


def _object_doors(world: World) -> Iterator[tuple[str, list[Thing]]]:
    for _method, path in walk.doors():
        if re.fullmatch(r"[^<]*<uuid:pk>[^<]*", path):
            yield path.replace("<uuid:pk>", "{pk}"), walk.things_of(world, path)


# --- names and addresses that are taken ---------------------------------------------------------------------
def _posted(client: Client, address: str, body: dict[str, Any]) -> str:
    return _answer(client, "POST", address, json.dumps(body), walk.random_id())


def _hidden_house(**values: Any) -> Organisation:
    return f.make_organisation(name="Qantrell Institute", status=Organisation.Status.DRAFT, **values)


def _registers(house: Organisation, client: Client, name: str) -> str:
    body = json.loads(walk.sample_body("POST", "/api/v1/organisations"))
    text = _posted(
        client, "/api/v1/organisations", {**body, "name": name, "country": "PL", "kinds": ["university"]}
    )
    return _without_ids(text, name)


def _proposes_a_name(house: Organisation, client: Client, name: str) -> str:
    return _form(
        client, f"/network/{house.pk}/names/", {"text": name, "language": "en", "kind": "alias"}, name
    )


def _searches(house: Organisation, client: Client, name: str) -> str:
    return _without_ids(_answer(client, "GET", f"/api/v1/organisations?q={name}", "", walk.random_id()), name)


def _form(client: Client, address: str, values: dict[str, str], asked: str) -> str:
    """The page after a form was sent and its redirect followed; what was written is rolled back."""
    with transaction.atomic():
        response: Any = client.post(address, values, follow=True)
        text = f"{response.status_code}\n{walk.text_of(response)}"
        transaction.set_rollback(True)
    client.cookies.pop("messages", None)
    return _without_ids(walk.comparable(text, walk.random_id()), asked)


def _without_ids(text: str, name: str) -> str:
    return _neutral(text.replace(name, "NAME").replace(name.casefold(), "NAME"))


@pytest.mark.parametrize("asks", [_registers, _proposes_a_name, _searches])
def test_the_name_of_a_hidden_organisation_is_as_free_as_any_other(
    asks: Callable[[Organisation, Client, str], str],
) -> None:
    f.make_place()
    _hidden_house()
    ours = f.make_organisation(name="House of ours")
    client = Client()
    client.force_login(f.make_member(ours, role=Membership.Role.MANAGER))

    assert asks(ours, client, "Qantrell Institute") == asks(ours, client, "Vorpelind Institute")


def test_the_identifier_of_a_hidden_organisation_is_as_free_as_any_other() -> None:
    Identifier.objects.create(organisation=_hidden_house(), scheme="lei", value="5493001KJTIIGC8Y1R12")
    ours = f.make_organisation(status=Organisation.Status.DRAFT)
    client = Client()
    client.force_login(f.make_member(ours, role=Membership.Role.MANAGER))

    def entered(value: str) -> str:
        return _form(client, f"/network/{ours.pk}/identifiers/", {"scheme": "lei", "value": value}, value)

    taken = entered("5493001KJTIIGC8Y1R12")

    assert "NAME" in taken
    assert taken == entered("529900T8BM49AURSDO55")


def test_an_invitation_to_somebody_who_has_an_account_reads_like_any_other() -> None:
    ours = f.make_organisation()
    f.make_user(email="somebody@example.org")
    client = Client()
    client.force_login(f.make_member(ours, role=Membership.Role.MANAGER))

    def invited(address: str) -> str:
        values = {"email": address, "role": Membership.Role.MEMBER, "language": "en"}
        return _form(client, f"/colleagues/{ours.pk}/", values, address)

    known = invited("somebody@example.org")
    assert "NAME" in known
    assert known == invited("stranger1@example.org")
