"""`serai export_log DIR`: the audit log and its newest checkpoint, for a verifier that trusts nothing of ours."""

import json
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from serai.core import verify_log
from serai.core.models import AuditEntry, AuditHead


class Command(BaseCommand):
    help = "Write the audit log as JSON lines with its checkpoint and verify_log.py. Keep the checkpoint elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["directory"]
        folder.mkdir(parents=True, exist_ok=True)
        head = AuditHead.objects.filter(pk=1).first()
        last = head.seq if head else 0
        entries = AuditEntry.objects.filter(seq__lte=last).order_by("seq")
        with (folder / "log.jsonl").open("w", encoding="utf-8") as out:
            for entry in entries.iterator(chunk_size=5000):
                line = {
                    "seq": entry.seq,
                    "payload": entry.payload,
                    "prev": entry.prev_hash,
                    "hash": entry.hash,
                }
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        checkpoint = {"seq": last, "hash": head.hash if head else "0" * 64, "at": timezone.now().isoformat()}
        (folder / "checkpoint.json").write_text(json.dumps(checkpoint) + "\n", encoding="utf-8")
        shutil.copy(verify_log.__file__, folder / "verify_log.py")
        self.stdout.write(f"{last} entries. Verify with: python3 {folder}/verify_log.py {folder}/log.jsonl")
