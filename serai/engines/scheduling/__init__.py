"""One-to-one meetings: which wishes are granted, when and where, with what is proved about it."""

from .explain import explain
from .repair import repair, what_if
from .rules import check
from .solve import solve
from .types import (
    DEFAULT_OBJECTIVE,
    Budget,
    Changes,
    Difference,
    Event,
    Hall,
    Interpreter,
    InvalidEventError,
    Level,
    Organisation,
    Person,
    Plan,
    PlannedMeeting,
    Pool,
    Price,
    Progress,
    Reason,
    Repair,
    Rules,
    Slot,
    Wish,
)
from .zones import open_slots

__all__ = [
    "DEFAULT_OBJECTIVE",
    "Budget",
    "Changes",
    "Difference",
    "Event",
    "Hall",
    "Interpreter",
    "InvalidEventError",
    "Level",
    "Organisation",
    "Person",
    "Plan",
    "PlannedMeeting",
    "Pool",
    "Price",
    "Progress",
    "Reason",
    "Repair",
    "Rules",
    "Slot",
    "Wish",
    "check",
    "explain",
    "open_slots",
    "repair",
    "solve",
    "what_if",
]
