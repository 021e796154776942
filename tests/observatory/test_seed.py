import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from serai.accounts.models import User
from serai.agreements.models import Agreement
from serai.demo.seeding import shape
from serai.demo.seeding.build import build
from serai.directory.models import Organisation
from serai.events.models import MeetingRequest
from serai.exchange.models import Interest, Listing
from tests.factories import make_user

pytestmark = pytest.mark.django_db
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "formats" / "seed.example.json"


def example() -> dict[str, Any]:
    return dict(json.loads(EXAMPLE.read_text(encoding="utf-8")))


def seeded(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    capsys.readouterr()
    call_command("seed", str(EXAMPLE), "--json", *options)
    return dict(json.loads(capsys.readouterr().out))


def test_the_example_fills_a_node(capsys: pytest.CaptureFixture[str]) -> None:
    told = seeded(capsys)

    assert {section: len(ids) for section, ids in told["ids"].items()} == {
        "users": 3,
        "organisations": 2,
        "listings": 2,
        "interests": 1,
        "events": 1,
        "agreements": 1,
    }
    assert set(Organisation.objects.values_list("status", flat=True)) == {"verified"}
    assert set(Listing.objects.values_list("status", flat=True)) == {"published"}
    assert Listing.objects.get(pk=told["ids"]["listings"]["filter"]).trl == 7
    assert Interest.objects.get().status == "accepted"
    assert MeetingRequest.objects.get().status == "accepted"
    assert (Agreement.objects.get().status, Agreement.objects.get().parties.count()) == ("in_force", 2)


def test_the_tokens_let_in(capsys: pytest.CaptureFixture[str]) -> None:
    told = seeded(capsys)

    answer = Client().get(
        f"/api/v1/listings/{told['ids']['listings']['filter']}",
        headers={"authorization": f"Bearer {told['tokens']['ana']}"},
    )

    assert answer.status_code == 200
    assert sorted(told["tokens"]) == ["ana", "bo", "steward"]


def test_a_password_signs_in_and_none_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    seeded(capsys)

    assert User.objects.get(email="ana@seed.example").check_password("seed-example-2026")
    assert not User.objects.get(email="bo@seed.example").has_usable_password()


def all_ids(number: int, found: dict[str, Any]) -> dict[str, set[str]]:
    """The ids of every row that such a seed makes; nothing is kept."""
    from django.apps import apps
    from django.db import models, transaction

    call_command("load_places", verbosity=0) if not Organisation.objects.exists() else None
    with transaction.atomic():
        build(shape.checked(found), number=number)
        ids = {
            model._meta.label: {str(pk) for pk in model._default_manager.values_list("pk", flat=True)}
            for model in apps.get_models()
            if isinstance(model._meta.pk, models.UUIDField)
        }
        transaction.set_rollback(True)
    return ids


def test_the_same_seed_gives_the_same_ids_and_another_gives_others() -> None:
    first, again, other = (all_ids(number, example()) for number in (7, 7, 8))

    assert first == again
    assert first["exchange.Listing"] & other["exchange.Listing"] == set()
    assert first["core.AuditEntry"] & other["core.AuditEntry"] == set()


def test_an_entry_that_is_added_moves_no_other_id() -> None:
    more = example()
    more["listings"].insert(0, {**more["listings"][1], "key": "first"})

    before, after = all_ids(7, example()), all_ids(7, more)

    assert before["exchange.Listing"] < after["exchange.Listing"]
    assert before["exchange.ListingTeaser"] < after["exchange.ListingTeaser"]


def test_ids_are_given_by_chance_again_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    seeded(capsys)

    assert make_user().pk.version == 4


def test_a_node_that_holds_something_is_refused_unless_one_adds(capsys: pytest.CaptureFixture[str]) -> None:
    make_user()

    with pytest.raises(CommandError, match="not empty"):
        call_command("seed", str(EXAMPLE))
    assert not Organisation.objects.exists()
    seeded(capsys, "--add")
    assert Organisation.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["listings"][1].update(kindness="x"), r"\$.listings\[1\].kindness: Extra inputs"),
        (lambda s: s["listings"][0].update(kind="magic"), r"\$.listings\[0\].kind: .*'magic' is none of technology,"),
        (lambda s: s["listings"][0]["facts"].update(trl=10), r"\$.listings\[0\].facts.trl: .*less than or equal to 9"),
        (lambda s: s["users"][1].update(name="A\0"), r"\$.users\[1\].name: .*NUL"),
        (lambda s: s["users"][1].update(reads=["e\ud800"]), r"\$.users\[1\].reads: .*lone surrogate"),
        (lambda s: s["users"][1].update(time_zone="../UTC"), r"\$.users\[1\].time_zone: .*is no time zone"),
        (lambda s: s["users"][1].update(email="a" * 250 + "@x.example"), r"\$.users\[1\].email: .*254"),
        (lambda s: s["users"][1].update(key="steward"), r"\$.users\[1\].key: 'steward' is used twice"),
        (lambda s: s["listings"][0].update(organisation="sea"), r"\$.listings\[0\].organisation: there is no 'sea'"),
        (
            lambda s: s["organisations"][0]["members"][0].update(user="eve"),
            r"\$.organisations\[0\].members\[0\].user: there is no 'eve' in \$.users",
        ),
        (lambda s: s["agreements"][0]["parties"].append("sea"), r"\$.agreements\[0\].parties\[2\]: there is no 'sea'"),
        (lambda s: s["organisations"][0].update(country="QQ"), r"\$.organisations\[0\]: No place has the code 'QQ'"),
        (lambda s: s["users"][0].update(roles=[]), r"\$.organisations\[0\]: Verifying and publishing need a steward"),
        (lambda s: s["interests"][0].update(about_us=""), r"\$.interests\[0\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place_and_nothing_is_kept(
    change: Any, message: str, tmp_path: Path
) -> None:
    found = example()
    change(found)
    (tmp_path / "seed.json").write_text(json.dumps(found))

    with pytest.raises(CommandError, match=message):
        call_command("seed", str(tmp_path / "seed.json"))

    assert not User.objects.exists()


def test_one_says_what_is_wanted() -> None:
    with pytest.raises(CommandError, match="Name a file, or --scale"):
        call_command("seed")


def test_a_file_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000 + "]" * 100_000)

    with pytest.raises(CommandError, match="is not JSON"):
        call_command("seed", str(deep))
