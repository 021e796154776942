import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from serai.core import policy


class Command(BaseCommand):
    help = "Print every door of the node (page, operation, export column, mail field) with the rule that guards it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [
            {
                "channel": door.channel,
                "door": door.name,
                "rule": door.rule,
                "summary": rule.summary if (rule := policy.registry.rules.get(door.rule)) else None,
            }
            for door in policy.all_doors()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        for row in rows:
            self.stdout.write(f"{row['channel']:7} {row['door']:70} {row['rule']}")
