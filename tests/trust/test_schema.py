"""schemathesis over the description of the programming interface, as four roles: no 5xx, answers as described."""

import json
import sys
import warnings
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ninja import Schema
from openapi_spec_validator import validate

from serai.core import routes
from tests.trust import walk
from tests.trust.world import ORGANISER, OWNER, STEWARD, STRANGER, World

pytestmark = pytest.mark.django_db

OPERATIONS = sorted(
    (method.upper(), path) for path, methods in walk.description()["paths"].items() for method in methods
)
FOUR = (STRANGER, OWNER, ORGANISER, STEWARD)
EXAMPLES = 30
"""Of each operation and role, drawn the same each time: the long set ends within ten minutes of two cores."""


def test_the_description_is_openapi_3_1_and_names_every_operation() -> None:
    described = json.loads(json.dumps(walk.description(), default=str))

    validate(described)
    assert described["openapi"].startswith("3.1")
    assert len(OPERATIONS) == len([1 for method, _path in walk.doors() if method != "PAGE"])


@pytest.mark.parametrize("role", FOUR)
def test_a_slice_of_what_the_description_allows_breaks_nothing(
    world: World, clients: dict[str, Client], role: str
) -> None:
    faults = [
        fault
        for method, path in OPERATIONS
        for fault in _tried(world, clients[role], method, path, examples=2)
    ]

    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("role", FOUR)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_the_description_allows_breaks_nothing(
    world: World, clients: dict[str, Client], role: str, method: str, path: str
) -> None:
    assert _tried(world, clients[role], method, path, examples=EXAMPLES) == []


@cache
def _schema() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return schemathesis.openapi.from_dict(json.loads(json.dumps(walk.description(), default=str)))


def _tried(world: World, client: Client, method: str, path: str, *, examples: int) -> list[str]:
    operation = _schema()[path][method]
    ids = _ids(world, path)
    faults: list[str] = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), pk=st.sampled_from(ids) if ids else st.none())
    def one(case: Any, pk: str | None) -> None:
        fault = _fault(client, case, method, path, pk)
        if fault:
            faults.append(fault)

    one()
    return faults[:3]


def _ids(world: World, path: str) -> list[str]:
    """Ids of real objects of the path's kind: made-up ones would only ever meet a 404."""
    if "{pk}" not in path:
        return []
    return [str(thing.id) for thing in walk.things_of(world, path.replace("{pk}", "<uuid:pk>"))]


def _fault(client: Client, case: Any, method: str, path: str, pk: str | None) -> str:
    if pk is not None:
        case.path_parameters["pk"] = pk
    address = case.formatted_path
    query = {k: v for k, v in (case.query or {}).items() if v is not None}
    body = json.dumps(case.body) if _has_body(case) else ""
    with transaction.atomic():
        response: Any = client.generic(
            method, address, body, content_type="application/json", query_params=query
        )
        transaction.set_rollback(True)
    if response.status_code >= 500:
        cause = getattr(response, "exc_info", None)
        return f"{response.status_code}: {method} {address} {query} {body} {cause and cause[1]!r}"
    return _misfit(response, method, path)


def _has_body(case: Any) -> bool:
    return isinstance(case.body, dict | list | str | int | float | bool) or case.body is None


def _misfit(response: Any, method: str, path: str) -> str:
    """What an answer that succeeded has that its description does not say, or the other way round."""
    if response.status_code >= 300:
        return ""
    described = walk.description()["paths"][path][method.lower()]["responses"]
    known = described.get(response.status_code) or described.get(str(response.status_code))
    if known is None:
        return f"{method} {path}: {response.status_code} is not described"
    content = known.get("content", {}).get("application/json")
    if content is None:
        return ""
    whole = {**content["schema"], "components": walk.description()["components"]}
    errors = list(Draft202012Validator(whole).iter_errors(response.json()))
    return f"{method} {path}: {errors[0].message}" if errors else ""


def test_no_two_bodies_share_a_name() -> None:
    """The description keeps schemas by name: of two with one name it would show one for both."""
    modules: dict[str, set[str]] = {}
    for _path, _method, function in routes.operations():
        for name, value in vars(sys.modules[function.__module__]).items():
            if isinstance(value, type) and issubclass(value, Schema) and value.__name__ == name:
                modules.setdefault(name, set()).add(value.__module__)

    described = walk.description()["components"]["schemas"]
    assert [name for name, found in modules.items() if len(found) > 1 and name in described] == []
