"""`serai publish_schedule EVENT_ID`: make the meetings of the schedule that was proposed last."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from serai.core.errors import SeraiError
from serai.events import actions
from serai.events.management.commands.schedule import event_named, owner_of
from serai.events.models import Meeting, ScheduleRun


class Command(BaseCommand):
    help = "Publish the proposed schedule of an event. Example: serai publish_schedule 3f1c… --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", type=UUID, help="the id of the event")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        event = event_named(options["event"])
        runs = ScheduleRun.objects.filter(event=event, status=ScheduleRun.Status.PROPOSED)
        run = runs.order_by("-created_at").first()
        if run is None:
            raise CommandError("No schedule is proposed. Compute one with: serai schedule EVENT_ID")
        try:
            run = actions.publish_schedule(run=run, by=owner_of(event))
        except SeraiError as error:
            raise CommandError(str(error)) from None
        meetings = Meeting.objects.filter(event=event, status=Meeting.Status.CONFIRMED).count()
        data = {"run": str(run.pk), "event": str(event.pk), "meetings": meetings}
        self.stdout.write(json.dumps(data) if options["json"] else f"{meetings} meetings stand.")
