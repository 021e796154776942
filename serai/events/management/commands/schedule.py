"""`serai schedule EVENT_ID`: compute a schedule now, with progress, and print what it is worth."""

import json
import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.core.errors import SeraiError
from serai.events import actions
from serai.events.models import Event, ScheduleRun

FIGURES = ("status", "seed", "granted", "asked", "weight", "weight_bound", "breaks", "breaks_bound")


class Command(BaseCommand):
    help = "Compute the meeting schedule of an event. Example: serai schedule 3f1c… --seed 7 --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", type=UUID, help="the id of the event")
        parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same schedule")
        parser.add_argument("--fresh", action="store_true", help="also move meetings that stand")
        parser.add_argument("--time-limit", type=float, help="seconds of search")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        event = event_named(options["event"])
        try:
            run = actions.start_schedule(
                event=event,
                by=owner_of(event),
                seed=options["seed"],
                keep=not options["fresh"],
                time_limit_s=options["time_limit"],
                in_background=False,
            )
        except SeraiError as error:
            raise CommandError(str(error)) from None
        run = actions.run_schedule(run=run, report=None if options["json"] else self._report)
        if run.status == ScheduleRun.Status.FAILED:
            raise CommandError(run.message)
        self._print(run, as_json=options["json"])

    def _report(self, point: dict[str, Any]) -> None:
        line = "{seconds:6.1f} s  {stage:<12} weight {weight}/{weight_bound}  breaks {breaks}\n"
        sys.stderr.write(line.format(**point))

    def _print(self, run: ScheduleRun, *, as_json: bool) -> None:
        data = {"run": str(run.pk), "event": str(run.event_id)}
        data |= {name: getattr(run, name) for name in FIGURES}
        data |= {"seconds": run.plan["seconds"], "unmet": run.plan["reasons"]}
        if as_json:
            self.stdout.write(json.dumps(data))
            return
        self.stdout.write(
            f"{run.granted} of {run.asked} requests granted, weight {run.weight:.0f} of at most "
            f"{run.weight_bound:.0f}, {run.breaks} breaks (at least {run.breaks_bound}), "
            f"{run.plan['seconds']} s, seed {run.seed}.\n"
            f"Publish it with: serai publish_schedule {run.event_id}"
        )


def event_named(pk: UUID) -> Event:
    event = Event.objects.select_related("owner").filter(pk=pk).first()
    if event is None:
        raise CommandError(f"There is no event {pk}.")
    return event


def owner_of(event: Event) -> Any:
    """Commands act for the event's owner: the audit log names a person."""
    if event.owner is None:
        raise CommandError("This event has no owner; give it one first.")
    return event.owner
