"""Verify an exported audit log with the standard library alone.

    python3 verify_log.py log.jsonl [checkpoint.json ...]

Each entry's hash is SHA-256 over its number, the hash before it and its payload. A checkpoint kept outside
the node (number, hash) shows a log that was rewritten or cut short as a whole. Exit code 0: nothing wrong.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path


def problems(lines: Iterator[str], checkpoints: list[dict[str, object]]) -> Iterator[str]:
    """What is wrong, in words, in the order of the log."""
    wanted = {int(str(c["seq"])): str(c["hash"]) for c in checkpoints}
    before, number = "0" * 64, 0
    for position, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            seq, payload, prev, stated = entry["seq"], entry["payload"], entry["prev"], entry["hash"]
        except (ValueError, KeyError, TypeError):
            yield f"line {position}: it is not an entry of a log"
            return
        if seq != number + 1:
            yield f"line {position}: entry {number + 1} is missing, or the order is wrong (found {seq})"
            return
        if prev != before:
            yield f"entry {seq}: it does not follow the entry before it"
            return
        computed = hashlib.sha256(f"{seq}\n{before}\n{payload}".encode()).hexdigest()
        if computed != stated:
            yield f"entry {seq}: its content was changed"
            return
        if seq in wanted and wanted[seq] != computed:
            yield f"entry {seq}: it differs from the checkpoint"
            return
        before, number = computed, seq
    for seq in sorted(wanted):
        if seq > number:
            yield f"the log ends at entry {number}, before the checkpoint at {seq}"


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    checkpoints = [json.loads(Path(name).read_text(encoding="utf-8")) for name in arguments[1:]]
    beside = Path(arguments[0]).with_name("checkpoint.json")
    if not checkpoints and beside.exists():
        checkpoints = [json.loads(beside.read_text(encoding="utf-8"))]
    with Path(arguments[0]).open(encoding="utf-8") as log:
        found = list(problems(iter(log), checkpoints))
    for problem in found:
        print(problem)
    if not found:
        print("The log is whole and unchanged.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
