"""Cases, projects, facilities, results and the wish to show them in the programming interface: the same rules and actions as the pages."""

from serai.cooperation.api.cases import cases_router
from serai.cooperation.api.facilities import facilities_router
from serai.cooperation.api.openings import openings_router
from serai.cooperation.api.projects import projects_router
from serai.cooperation.api.results import results_router

__all__ = ["cases_router", "facilities_router", "openings_router", "projects_router", "results_router"]
