import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from serai.core import verify_log
from serai.core.models import AuditEntry

Entries = list[dict[str, Any]]


def _log(n: int) -> Entries:
    entries, before = [], "0" * 64
    for seq in range(1, n + 1):
        payload = json.dumps({"n": seq})
        digest = hashlib.sha256(f"{seq}\n{before}\n{payload}".encode()).hexdigest()
        entries.append({"seq": seq, "payload": payload, "prev": before, "hash": digest})
        before = digest
    return entries


def _problems(entries: Entries, checkpoint: dict[str, Any] | None = None) -> list[str]:
    lines = (json.dumps(e) for e in entries)
    return list(verify_log.problems(lines, [checkpoint] if checkpoint else []))


def _rewrite(entries: Entries) -> Entries:
    """A forger who recomputes every hash after changing one entry: only a checkpoint shows it."""
    entries[1]["payload"] = "forged"
    before = "0" * 64
    for entry in entries:
        entry["prev"] = before
        before = hashlib.sha256(f"{entry['seq']}\n{before}\n{entry['payload']}".encode()).hexdigest()
        entry["hash"] = before
    return entries


def test_an_honest_log_has_no_problem() -> None:
    log = _log(5)

    assert _problems(log, {"seq": 5, "hash": log[-1]["hash"]}) == []


TAMPERINGS: dict[str, Callable[[Entries], Entries]] = {
    "payload changed": lambda log: [*log[:2], {**log[2], "payload": "x"}, *log[3:]],
    "entry removed": lambda log: [*log[:2], *log[3:]],
    "first entry removed": lambda log: log[1:],
    "entry inserted": lambda log: [*log[:2], {**log[2], "seq": 3, "payload": "new"}, *log[2:]],
    "entries swapped": lambda log: [log[0], log[2], log[1], *log[3:]],
    "hash changed": lambda log: [*log[:4], {**log[4], "hash": "0" * 64}],
    "link changed": lambda log: [*log[:3], {**log[3], "prev": "0" * 64}, log[4]],
    "entry repeated": lambda log: [*log[:3], log[2], *log[3:]],
    "numbers shifted": lambda log: [{**e, "seq": e["seq"] + 1} for e in log],
    "not an entry": lambda log: [*log[:2], {"nothing": 1}, *log[2:]],
    "cut short": lambda log: log[:3],
    "rewritten whole": _rewrite,
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_twelve_kinds_of_tampering_are_found(name: str) -> None:
    log = _log(5)
    checkpoint = {"seq": 5, "hash": log[-1]["hash"]}

    assert len(_problems(TAMPERINGS[name](_log(5)), checkpoint)) == 1


def test_without_a_checkpoint_a_whole_rewrite_is_not_seen() -> None:
    """The control: what the checkpoint is for."""
    assert _problems(_rewrite(_log(5))) == []


@pytest.mark.django_db(transaction=True)
def test_the_exported_log_verifies_with_the_standard_library_alone(tmp_path: Path) -> None:
    from tests.core.test_audit import _entry

    for n in range(3):
        _entry(f"entry {n}")
    call_command("export_log", str(tmp_path))

    def verify() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(tmp_path / "verify_log.py"), str(tmp_path / "log.jsonl")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert (AuditEntry.objects.count(), verify().returncode) == (3, 0)
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text().replace("entry 1", "entry X"))
    assert verify().returncode == 1
