"""What the running node says of its doors to whoever tests it from outside."""

import json

import pytest
from django.core.management import call_command

from serai.core import policy
from serai.persons import queries
from tests.persons.planted import plant


def doors(capsys: pytest.CaptureFixture[str], channel: str) -> dict[str, str]:
    call_command("policies", "--json")
    return {
        row["door"]: row["rule"] for row in json.loads(capsys.readouterr().out) if row["channel"] == channel
    }


def test_every_operation_of_the_description_names_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    from serai.api import api

    told = {
        f"{method.upper()} {path}": operation["x-policy"]
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method, operation in operations.items()
    }

    assert sorted(told.values()) == sorted(doors(capsys, "api").values())
    assert set(told.values()) <= set(policy.registry.rules)


def test_an_operation_is_called_by_its_app_wherever_its_file_is() -> None:
    from serai.api import api

    paths = api.get_openapi_schema()["paths"]

    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert paths["/api/v1/interests"]["post"]["operationId"] == "serai_exchange_api_send_interest"
    assert paths["/api/v1/imports"]["post"]["operationId"] == "serai_core_imports_api_start_import"
    assert len(set(ids)) == len(ids)


@pytest.mark.django_db
def test_every_part_of_a_copy_of_ones_data_is_a_door(capsys: pytest.CaptureFixture[str]) -> None:
    declared = doors(capsys, "file")

    left = {f"my-data.{section.name}" for section in queries.sections_of(plant().user)}

    assert left - declared.keys() == set()
    assert set(declared.values()) == {"persons.own_copies"}
