"""The programming interface: one router an app, the same policies and actions as the pages."""

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from serai.accounts.door import by_session, by_token
from serai.agreements import api as agreements
from serai.cooperation import api as cooperation
from serai.core import problems, routes
from serai.core.api import Problem
from serai.core.errors import Invalid, SeraiError
from serai.core.imports import api as imports
from serai.directory import api as directory
from serai.events import api as events
from serai.exchange import api as exchange
from serai.observatory import api as observatory


class Interface(NinjaAPI):
    """Every operation may answer with a `Problem` beside what it declares, and is under a rule; the description says so."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The app and the name. Clients are made from these ids, so the files in which an app keeps its operations
        are not told."""
        function = operation.view_func
        app = function.__module__.partition(".api")[0]
        return f"{app}.api.{function.__name__}".replace(".", "_")

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        described = super().get_openapi_schema(**options)
        problem = {"description": "Not done.", "content": {"application/json": {"schema": PROBLEM_REF}}}
        rules = {
            (method, re.sub(r"{\w+:", "{", path)): view.serai_rule
            for path, method, view in routes.operations()
        }
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                operation["x-policy"] = rules[method.upper(), path]
                # Written as text, as in the file: ninja counts statuses, and the two do not sort together.
                answers = {str(status): answer for status, answer in operation["responses"].items()}
                operation["responses"] = {**answers, "default": problem}
        described["components"]["schemas"]["Problem"] = Problem.json_schema()
        return described


PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
api = Interface(
    title="Serai",
    version="1",
    description="Every object of the chain, under the same rules as the pages. See /help/api.",
    urls_namespace="api",
    docs_url=None,
    openapi_url="/openapi.json",
    auth=[by_token, by_session],
)


@api.exception_handler(SeraiError)
def answer(request: HttpRequest, error: SeraiError) -> HttpResponse:
    return problems.as_json(error)


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.missing(request, error)


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja says itself: a body that is no JSON."""
    return problems.as_json(SeraiError(_("This request could not be read")))


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {".".join(str(part) for part in e["loc"]): _said(e) for e in error.errors}
    return problems.as_json(Invalid("The request does not fit.", fields=fields))


def _said(error: dict[str, Any]) -> str:
    """What our own checks say as they say it: pydantic writes its kind of error before it."""
    return str(error["msg"]).removeprefix("Value error, ")


api.add_router("/organisations", directory.router)
api.add_router("/places", directory.places_router)
api.add_router("/events", events.router)
api.add_router("/participants", events.participants_router)
api.add_router("/meeting-requests", events.requests_router)
api.add_router("/meetings", events.meetings_router)
api.add_router("/listings", exchange.router)
api.add_router("/search", exchange.search_router)
api.add_router("/matches", exchange.matches_router)
api.add_router("/interests", exchange.interests_router)
api.add_router("/agreements", agreements.router)
api.add_router("/cases", cooperation.cases_router)
api.add_router("/projects", cooperation.projects_router)
api.add_router("/facilities", cooperation.facilities_router)
api.add_router("/results", cooperation.results_router)
api.add_router("/openings", cooperation.openings_router)
api.add_router("/indicators", observatory.indicators_router)
api.add_router("/releases", observatory.releases_router)
api.add_router("/imports", imports.router)

routes.serve(api)
