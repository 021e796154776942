"""Changing the secret key of a node."""

import json
import stat
from pathlib import Path

import pytest
import time_machine
from django.core import signing

from serai.node import cli, config, erasures, keys


@pytest.fixture
def node(tmp_path: Path) -> config.Config:
    """A home with a key and no database."""
    return config.load({"SERAI_HOME": str(tmp_path / "home"), "DATABASE_URL": "postgresql:///x"})


def key_of(node: config.Config) -> str:
    return (node.keys_dir / "secret_key").read_text().strip()


def opens(node: config.Config, signed: str) -> bool:
    """Whether what was signed before is accepted now, by a process that starts now."""
    try:
        signing.loads(signed, key=key_of(node), fallback_keys=keys.Fallbacks(keys.previous(node.keys_dir)))
    except signing.BadSignature:
        return False
    return True


def test_what_was_signed_is_accepted_until_the_grace_is_over(node: config.Config) -> None:
    signed = signing.dumps({"who": "ana"}, key=key_of(node))

    with time_machine.travel("2026-03-01 10:00 +0000", tick=False):
        keys.rotate(node, grace_hours=24)
        assert opens(node, signed)
    with time_machine.travel("2026-03-02 09:59 +0000", tick=False):
        assert opens(node, signed)
    with time_machine.travel("2026-03-02 10:01 +0000", tick=False):
        assert not opens(node, signed)


def test_a_process_that_runs_on_ceases_to_accept_the_key(node: config.Config) -> None:
    signed = signing.dumps({"who": "ana"}, key=key_of(node))
    with time_machine.travel("2026-03-01 10:00 +0000", tick=False):
        keys.rotate(node, grace_hours=24)
        fallbacks = keys.Fallbacks(keys.previous(node.keys_dir))
        assert (len(fallbacks), list(fallbacks) != []) == (1, True)

    with time_machine.travel("2026-03-02 10:01 +0000", tick=False), pytest.raises(signing.BadSignature):
        signing.loads(signed, key=key_of(node), fallback_keys=fallbacks)
    assert isinstance(fallbacks, list)  # Django asks for one


def test_two_rotations_keep_both_keys_for_their_time(node: config.Config) -> None:
    first = key_of(node)
    keys.rotate(node, grace_hours=24)
    second = key_of(node)
    keys.rotate(node, grace_hours=24)

    assert list(keys.Fallbacks(keys.previous(node.keys_dir))) == [second, first]
    assert len({first, second, key_of(node)}) == 3


def test_without_grace_all_earlier_keys_end_at_once(node: config.Config) -> None:
    keys.rotate(node, grace_hours=24)
    signed = signing.dumps("x", key=key_of(node))

    keys.rotate(node, grace_hours=0)

    assert not opens(node, signed)
    assert keys.previous(node.keys_dir) == []


def test_the_files_are_private(node: config.Config) -> None:
    keys.rotate(node)

    assert {p.name: stat.S_IMODE(p.stat().st_mode) for p in node.keys_dir.iterdir()} == {
        "secret_key": 0o600,
        "previous.json": 0o600,
    }


def test_a_key_from_the_environment_is_left_alone(
    node: config.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERAI_SECRET_KEY", "x" * 60)

    with pytest.raises(keys.KeysError, match="The key comes from SERAI_SECRET_KEY"):
        keys.rotate(node)


def test_a_spoilt_list_of_keys_is_said_to_be_spoilt(node: config.Config) -> None:
    (node.keys_dir / "previous.json").write_text("[{]")

    with pytest.raises(config.ConfigError, match="cannot be read"):
        keys.previous(node.keys_dir)


def test_the_command_says_that_a_stopped_node_takes_the_key_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", "postgresql:///x")

    assert cli.main(["rotate_keys", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["restarted"] is False
    assert cli.main(["rotate_keys", "--grace-hours", "0"]) == 0
    assert "from its next start" in capsys.readouterr().out


# --- the list of erasures -------------------------------------------------------------------------------------
def test_a_ledger_is_added_to_and_lies_beside_the_newest_backup(node: config.Config, tmp_path: Path) -> None:
    (tmp_path / "backups" / "monday").mkdir(parents=True)
    note = {"made": "2026-03-01", "directory": str(tmp_path / "backups" / "monday")}
    (node.home / "last-backup.json").write_text(json.dumps(note))

    erasures.publish(node, {"a": "2026-03-02"})
    erasures.publish(node, {"b": "2026-03-03"})

    expected = {"a": "2026-03-02", "b": "2026-03-03"}
    assert erasures.read(node.home / "erasures.jsonl") == expected
    assert erasures.read(erasures.beside(tmp_path / "backups" / "monday")) == expected
    assert stat.S_IMODE((node.home / "erasures.jsonl").stat().st_mode) == 0o600


def test_a_spoilt_ledger_stops_a_restore_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERAI_HOME", str(tmp_path / "new"))
    (tmp_path / "list").write_text("nothing\n")

    assert cli.main(["restore", str(tmp_path / "backup"), "--erasures", str(tmp_path / "list")]) == 1
    assert "line 1" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
