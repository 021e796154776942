"""Events, participants, meeting requests and meetings in the programming interface: the pages' rules and actions."""

from serai.events.api.events import router
from serai.events.api.meetings import meetings_router
from serai.events.api.participants import participants_router
from serai.events.api.requests import requests_router

__all__ = ["meetings_router", "participants_router", "requests_router", "router"]
