"""Every way into the node, read from the running code, made into calls with real and with random ids."""

import io
import itertools
import re
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client

from serai.core import policy
from tests.trust.world import ROLES, Thing, World

UUID_SLOT = re.compile(r"<uuid:(\w+)>")
SLOT = re.compile(r"<(?:\w+:)?(\w+)>")

# The object a path speaks of, by the beginning of the path; the first that fits.
KINDS = (
    (r"/api/v1/organisations/", "organisation"),
    (r"/api/v1/events/runs/", "run"),
    (r"/api/v1/events/", "event"),
    (r"/api/v1/participants/", "participant"),
    (r"/api/v1/meeting-requests/", "request"),
    (r"/api/v1/meetings/outcomes/", "outcome"),
    (r"/api/v1/meetings/", "meeting"),
    (r"/api/v1/(listings|matches)/", "listing"),
    (r"/api/v1/interests/", "interest"),
    (r"/api/v1/agreements/", "agreement"),
    (r"/api/v1/cases/", "case"),
    (r"/api/v1/projects/", "project"),
    (r"/api/v1/facilities/", "facility"),
    (r"/api/v1/results/", "result"),
    (r"/api/v1/openings/", "opening"),
    (r"/api/v1/releases/", "release"),
    (r"/(api/v1/)?imports/", "import"),
    (r"/settings/tokens/", "token"),
    (r"/settings/data/", "data copy"),
    (r"/notices/", "notice"),
    (r"/colleagues/", "organisation"),
    (r"/memberships/", "membership"),
    (r"/invitations/", "invitation"),
    (r"/requests-to-join/", "access request"),
    (r"/exchange/interests/", "interest"),
    (r"/(exchange|find)/", "listing"),
    (r"/network/", "organisation"),
    (r"/meet/requests/", "request"),
    (r"/meet/(participants|registrations)/", "participant"),
    (r"/meet/meetings/<uuid:pk>/calendar", "attended meeting"),
    (r"/meet/meetings/", "meeting"),
    (r"/meet/outcomes/", "outcome"),
    (r"/meet/runs/", "run"),
    (r"/meet/interpreters/", "interpreter"),
    (r"/meet/", "event"),
    (r"/build/(agreements|projects/new/agreement)/", "agreement"),
    (r"/build/cases/new/interest/", "interest"),
    (r"/build/cases/new/meeting/", "meeting"),
    (r"/build/cases/", "case"),
    (r"/build/projects/", "project"),
    (r"/build/facilities/", "facility"),
    (r"/build/results/", "result"),
    (r"/build/openings/", "opening"),
    (r"/observe/releases/", "release"),
)

# What a word in a path may be: (beginning of the path, name in the path, words).
WORDS = (
    (r"/exchange/interests/", "verb", ("withdraw", "contact")),
    (r"/exchange/", "verb", ("submit", "take-back", "revise", "renew", "withdraw")),
    (r"/exchange/", "step", ("about", "teaser", "details", "facts", "partner", "contact", "send")),
    (r"/network/", "part", ("names", "texts", "identifiers", "relations", "labels")),
    (r"/meet/participants/", "verb", ("confirm", "refuse", "wait", "check_in", "undo")),
    (r"/meet/meetings/", "verb", ("cancel", "held", "no_show")),
    (r"/meet/", "verb", ("announce", "open_registration", "close_registration", "start", "end", "cancel")),
    (r"/api/v1/events/", "step", ("announce", "open_registration", "close_registration", "cancel")),
    (r"/api/v1/participants/", "step", ("confirm", "refuse", "wait", "check_in", "undo", "withdraw")),
    (r"/api/v1/meetings/", "step", ("cancel", "held", "no_show")),
    (r"/api/v1/(listings|agreements)/", "language", ("en",)),
    (r"/api/v1/places/", "code", ("PL",)),
    (r"/observe/ties/", "code|start|end", ("PL",)),
    (r"/(observe|api/v1/indicators)/", "code", ("agreements", "projects_landed", "results", "meetings")),
    (r"/", "form", ("csv", "xlsx", "json")),
    (r"/(join|meet/calendar|accounts)/", "secret|token|key|uidb36", ("guess",)),
    (r"/accounts/2fa/", "pk", ("1",)),
)

QUERIES = {
    "/find/": ("q=listing", "q=House", "q=offer&direction=offer", "direction=request&page=2"),
    "/exchange/": ("state=closed", "state=expired", "direction=offer", "page=2", "order=x"),
    "/exchange/interests/": ("box=sent", "box=received"),
    "/network/": ("q=House", "state=submitted", "place=PL", "page=zzz"),
    "/network/map/": ("place=PL",),
    "/meet/": ("when=past", "kind=matchmaking"),
    "/meet/day/": ("day=2026-01-01",),
    "/meet/requests/": ("tab=sent",),
    "/meet/{pk}/registrations/": ("q=House", "format=csv", "format=xlsx", "format=json"),
    "/build/agreements/": ("status=draft", "country=PL", "format=csv", "format=xlsx", "format=json"),
    "/build/projects/": ("status=negotiating", "country=PL"),
    "/build/facilities/": ("kind=joint_laboratory", "country=PL"),
    "/build/results/": ("status=reported", "status=refused"),
    "/api/v1/search": ("q=listing", "q=House", "q=offer&direction=offer"),
    "/api/v1/listings": ("state=draft", "state=expired", "direction=offer"),
    "/api/v1/organisations": ("q=House", "state=submitted", "place=PL"),
    "/api/v1/agreements": ("status=draft", "country=PL"),
    "/api/v1/projects": ("status=negotiating",),
    "/api/v1/results": ("status=reported",),
    "/api/v1/interests": ("box=sent", "box=received"),
    "/api/v1/participants": ("status=submitted",),
    "/imports/": ("status=done", "format=listings"),
    "/api/v1/imports": ("status=done",),
}


@dataclass(frozen=True)
class Call:
    """One way to call one door. `address` holds `{pk}` where the id of `thing` goes."""

    door: str
    method: str
    address: str
    thing: Thing | None = None

    def at(self, pk: object = None) -> str:
        return self.address.replace("{pk}", str(pk or (self.thing.id if self.thing else "")))

    def __str__(self) -> str:
        state = f" ({self.thing.kind}, {self.thing.state})" if self.thing else ""
        return f"{self.method} {self.address}{state}"


def doors() -> list[tuple[str, str]]:
    """(method, path) of every page and operation; the path as Django writes it."""
    found = []
    for door in policy.all_doors():
        if door.channel == "page":
            path = re.sub(r"\(\?P<(\w+)>(?:[^()\\]|\\.)*\)", r"<\1>", door.name)
            found.append(("PAGE", path.replace("^", "").replace("$", "")))
        elif door.channel == "api":
            method, path = door.name.split(" ", 1)
            path = re.sub(r"\{(?:(\w+):)?(\w+)\}", r"<\1:\2>", path)
            found.append((method, path.replace("<uuidstr:", "<uuid:").replace("<:", "<slug:")))
    return found


def calls(world: World, *, unsafe: bool) -> Iterator[Call]:
    """Every door, for every object of its kind and every word its path knows. Raises for an unknown door."""
    for method, path in doors():
        if method == "PAGE":
            methods = ("POST",) if unsafe else ("GET",)
        elif (method == "GET") == unsafe:
            continue
        else:
            methods = (method,)
        for address, thing in _filled(world, path):
            for verb in methods:
                yield Call(path, verb, address, thing)
                for query in () if unsafe else QUERIES.get(address, ()):
                    yield Call(path, verb, f"{address}?{query}", thing)


def _filled(world: World, path: str) -> Iterator[tuple[str, Thing | None]]:
    slots = SLOT.findall(path)
    main = next((s for s in UUID_SLOT.findall(path) if s in ("pk", "organisation")), None)
    things: list[Thing | None] = [*things_of(world, path)] if main else [None]
    words = [slot for slot in slots if f"<uuid:{slot}>" not in path]
    choices = [_words(path, slot) for slot in words]
    for thing in things:
        for chosen in itertools.product(*choices):
            address = path
            for slot, word in zip(words, chosen, strict=True):
                address = re.sub(rf"<(?:\w+:)?{slot}>", word, address)
            for slot in UUID_SLOT.findall(address):
                address = address.replace(
                    f"<uuid:{slot}>", "{pk}" if slot == main else _second(world, path, slot, thing)
                )
            yield address, thing


def things_of(world: World, path: str) -> list[Thing]:
    for pattern, kind in KINDS:
        if re.match(pattern, path):
            things = world.of(kind)
            if not things:
                raise AssertionError(f"The world of the tests has no {kind}: {path}")
            return things
    raise AssertionError(f"Nobody has said which objects {path} speaks of: add it to KINDS.")


def _words(path: str, slot: str) -> tuple[str, ...]:
    for pattern, name, words in WORDS:
        if re.match(pattern, path) and re.fullmatch(name, slot):
            return words
    raise AssertionError(f"Nobody has said what <{slot}> may be in {path}: add it to WORDS.")


def _second(world: World, path: str, slot: str, thing: Thing | None) -> str:
    """The id of the part of an object that a path names beside the object."""
    if slot in ("party", "commitment") and thing is not None:
        return str(world.values[thing.id][slot])
    if slot == "other":
        return str(world.one("listing", "published, other side").id)
    if slot == "entry":
        return str(world.values["entry"])
    raise AssertionError(f"Nobody has said what <{slot}> may be in {path}: add it to _second.")


# --- calling ------------------------------------------------------------------------------------------------
def clients(world: World) -> dict[str, Client]:
    made = {}
    for role in ROLES:
        client = Client(raise_request_exception=False)
        user = world.users[role]
        if user is not None:
            client.force_login(user)
        made[role] = client
    return made


def send(client: Client, call: Call, pk: object = None, body: Any = None) -> HttpResponse:
    address = call.at(pk)
    client.cookies.pop("messages", None)  # what an earlier call had to say
    if call.method == "GET":
        response = client.get(address)
    elif address.startswith("/api/"):
        content = body if body is not None else sample_body(call.method, call.door)
        response = client.generic(call.method, address, content, content_type="application/json")
    else:
        response = client.generic(call.method, address, "", content_type="application/x-www-form-urlencoded")
    return response


def text_of(response: Any) -> str:
    """Everything a reader gets: status line apart, headers, and the body with files unpacked."""
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            raw = b"\n".join(packed.read(name) for name in packed.namelist())
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.items()))
    return f"{headers}\n\n{raw.decode('utf-8', 'replace')}"


def done(response: Any) -> None:
    """Close an answer's files. `response.close()` would end the request, and with it the test's transaction."""
    for close in response._resource_closers:
        close()


_VARYING = (
    (re.compile(r'(csrfmiddlewaretoken" value="|csrf-token" content="|"X-CSRFToken": ")[\w]+'), r"\1"),
    (re.compile(r"nonce[-=]\"?[\w+/=-]+"), "nonce"),
    (re.compile(r"Content-Length: \d+"), ""),
)


def comparable(text: str, pk: object) -> str:
    """The text without what changes from answer to answer and without the id that was asked for."""
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return text.replace(str(pk), "ID").replace(str(pk).replace("-", ""), "ID")


def random_id() -> uuid.UUID:
    return uuid.uuid4()


# --- bodies for the programming interface, from its own description -----------------------------------------
@cache
def description() -> dict[str, Any]:
    from serai.api import api

    return dict(api.get_openapi_schema())


def sample_body(method: str, door: str) -> str:
    import json

    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", door)
    operation = description()["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return json.dumps(_sample(content["schema"])) if content else ""


def _sample(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _sample(description()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for name in ("default", "const", "example"):
        if schema.get(name) not in (None, [], ""):
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    if options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return _sample(next((o for o in options if o.get("type") != "null"), options[0]))
    return _plain(schema)


def _plain(schema: dict[str, Any]) -> Any:
    kind = schema.get("type", "string")
    if kind == "object":
        wanted = schema.get("required", [])
        return {name: _sample(s) for name, s in schema.get("properties", {}).items() if name in wanted}
    if kind == "array":
        return [_sample(schema["items"])] if schema.get("minItems") else []
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    formats = {
        "date": "2027-01-10",
        "date-time": "2027-01-10T09:00:00Z",
        "time": "09:00:00",
        "uuid": str(uuid.UUID(int=1)),
        "email": "a@example.org",
        "uri": "https://example.org/",
    }
    return formats.get(schema.get("format", ""), "text of the test")
