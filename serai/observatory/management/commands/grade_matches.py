"""`serai grade_matches FOLDER`: how good this node's matches are on a set of judged needs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.demo import grading
from serai.exchange.index.build import TIERS


class Command(BaseCommand):
    help = (
        "Grade this node's matches on a folder of judged needs whose listings were imported and encoded before. "
        "Example: serai grade_matches benchmarks/innomatch"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="corpus.jsonl, queries.jsonl, qrels.tsv, pairs.tsv")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["folder"] / "qrels.tsv").is_file():
            raise CommandError(f"There is no qrels.tsv in {options['folder']}.")
        for tier in TIERS:
            found = grading.grade(options["folder"], tier)
            shown = (
                f"{name} {found[name]:.3f}" for name in ("ndcg", "hit1", "right", "bias") if name in found
            )
            self.stdout.write(f"{tier:8} {'  '.join(shown)}")
