"""The programming interface: one router an app, the same policies and actions as the pages."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError

from serai.accounts.door import by_session, by_token
from serai.agreements import api as agreements
from serai.cooperation import api as cooperation
from serai.core import routes
from serai.core.errors import Conflict, SeraiError
from serai.core.imports import api as imports
from serai.directory import api as directory
from serai.events import api as events
from serai.exchange import api as exchange
from serai.observatory import api as observatory

api = NinjaAPI(
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
    body: dict[str, Any] = {"code": error.code, "detail": str(error.message)}
    if error.fields:
        body["fields"] = {name: str(text) for name, text in error.fields.items()}
    if isinstance(error, Conflict) and error.alternatives:
        body["alternatives"] = error.alternatives
    return api.create_response(request, body, status=error.status)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {".".join(str(part) for part in e["loc"]): e["msg"] for e in error.errors}
    return api.create_response(
        request, {"code": "invalid", "detail": "The request does not fit.", "fields": fields}, status=422
    )


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
api.add_router("/indicators", observatory.indicators_router)
api.add_router("/releases", observatory.releases_router)
api.add_router("/imports", imports.router)

routes.serve(api)
