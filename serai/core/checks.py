"""Start-up checks: a node with a door that nobody guards does not start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from serai.core import policy


@register("policy")
def every_door_has_a_rule(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for door in policy.all_doors():
        if not door.rule:
            errors.append(Error(f"No policy guards {door.channel} {door.name}.", id="serai.E001"))
        elif door.rule not in policy.registry.rules:
            errors.append(
                Error(f"{door.channel} {door.name} names the unknown rule {door.rule}.", id="serai.E002")
            )
    return errors
