"""Lifecycles are tables. An app writes the table, `register`s it, and actions call `advance`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from serai.core.errors import Conflict

Transitions = Mapping[str, frozenset[str] | set[str]]


@dataclass(frozen=True)
class Lifecycle:
    """Which status follows which. `tones` says how a status looks: waiting, active, done, stopped, quiet.

    `later` are the other states a record can begin in, where what comes before them has happened already.
    """

    name: str
    model: type[models.Model]
    transitions: Transitions
    initial: str
    tones: Mapping[str, str]
    field: str = "status"
    later: tuple[str, ...] = ()

    def may_follow(self, now: str, then: str) -> bool:
        return then in self.transitions.get(now, set())

    def mermaid(self) -> str:
        """The diagram in `docs/reference/lifecycles.md`."""
        lines = ["stateDiagram-v2", *(f"    [*] --> {first}" for first in (self.initial, *self.later))]
        for now, following in self.transitions.items():
            lines += [f"    {now} --> {then}" for then in sorted(following)]
            if not following:
                lines.append(f"    {now} --> [*]")
        return "\n".join(lines)


_all: dict[str, Lifecycle] = {}
_by_model: dict[type[models.Model], Lifecycle] = {}


def register(lifecycle: Lifecycle) -> Lifecycle:
    """Check that the table speaks of exactly the states the model has, and keep it."""
    choices = getattr(lifecycle.model._meta.get_field(lifecycle.field), "choices", None) or []
    states = {str(value) for value, _label in choices}
    named = set(lifecycle.transitions) | {s for after in lifecycle.transitions.values() for s in after}
    if named != states or set(lifecycle.transitions) != states or set(lifecycle.tones) != states:
        raise ValueError(
            f"The lifecycle {lifecycle.name} and the states of its model differ: {named ^ states}"
        )
    _all[lifecycle.name] = lifecycle
    _by_model[lifecycle.model] = lifecycle
    return lifecycle


def all_lifecycles() -> list[Lifecycle]:
    return sorted(_all.values(), key=lambda lifecycle: lifecycle.name)


def tone_of(obj: models.Model) -> str:
    lifecycle = _by_model.get(type(obj))
    return lifecycle.tones.get(getattr(obj, lifecycle.field), "quiet") if lifecycle else "quiet"


def advance(lifecycle: Lifecycle, obj: Any, to: str) -> None:
    """Set the status of `obj` (locked by the caller, saved by the caller) or raise Conflict."""
    now = getattr(obj, lifecycle.field)
    if not lifecycle.may_follow(now, to):
        raise Conflict(_("This has changed in the meantime; the step is no longer possible."))
    setattr(obj, lifecycle.field, to)
