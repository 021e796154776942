"""How long the pages and the interface of a running node take: the table of `make bench-pages`.

Wall times are those of a browser's requests to the running web server, one after the other; processor time and
queries are counted in this process, which asks the same addresses through the same code.
"""

import http.client
import itertools
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from serai.accounts.models import User
from serai.cooperation import queries as cooperation
from serai.cooperation.models import Project
from serai.directory.models import Organisation
from serai.engines.matching.train import parallel
from serai.events.models import Event
from serai.exchange.models import Listing, Match

MEDIAN_MS, P95_MS = 150.0, 400.0
"""What is promised for every page of a node with 100,000 organisations and 100,000 listings, on two cores."""

ROLES = {
    "anyone": "",
    "member": "th-chao@demo.example",
    "organiser": "cn-yuhe@demo.example",
    "steward": "steward@demo.example",
    "secretariat": "secretariat@demo.example",
}


@dataclass(frozen=True)
class Door:
    """One page or operation, asked as `role`. `addresses` are asked in turn; `short` gives one row or few."""

    name: str
    role: str
    addresses: Sequence[str]
    short: str = ""


@dataclass(frozen=True)
class Line:
    """What was measured of a door: milliseconds of wall and processor time, queries, bytes."""

    door: Door
    wall: list[float] = field(repr=False)
    cpu: float
    queries: int
    queries_short: int | None
    size: int

    @property
    def p95(self) -> float:
        return sorted(self.wall)[max(0, -(-len(self.wall) * 95 // 100) - 1)]

    @property
    def is_kept(self) -> bool:
        steady = self.queries_short is None or self.queries_short == self.queries
        return median(self.wall) <= MEDIAN_MS and self.p95 <= P95_MS and steady


# --- what is asked ----------------------------------------------------------------------------------------
def doors() -> list[Door]:
    """Every list, detail, search, match, map and observatory page, and the lists of the interface."""
    return [*_pages(), *_operations()]


def _pages() -> Iterator[Door]:
    found = questions()
    yield Door("front page", "anyone", [reverse("front")])
    for role in ("anyone", "member", "steward"):
        yield from _directory(role)
        yield from _exchange(role, found)
    yield Door("today", "member", [reverse("today")])
    yield Door("notices", "member", [reverse("notice_list")])
    yield Door("my listings", "member", [reverse("listing_mine")])
    yield Door("interests", "member", [reverse("interest_list")])
    yield Door("today", "steward", [reverse("today")])
    yield Door("verification", "steward", [reverse("verification_list")])
    yield Door("reviews", "steward", [reverse("review_queue")])
    yield from _later()


def _directory(role: str) -> Iterator[Door]:
    listed, organisations = reverse("organisation_list"), Organisation.objects.filter(status="verified")
    newest = organisations.order_by("-created_at", "pk")[:20]
    word = organisations.order_by("pk")[0].name.split()[0]
    yield Door("organisations", role, [listed])
    yield Door(
        "organisations by name", role, [f"{listed}?q={w}" for w in ("institute", "univ", word, "大学")]
    )
    yield Door(
        "organisations, narrowed", role, [f"{listed}?kind=university", f"{listed}?place=PL&state=verified"]
    )
    yield Door("organisation", role, [reverse("organisation_detail", args=[o.pk]) for o in newest])
    shown = reverse("organisation_map")
    yield Door("map", role, [shown, f"{shown}?kind=institute", f"{shown}?q=hospital"])


def _exchange(role: str, found: Iterator[str]) -> Iterator[Door]:
    listed, search = reverse("listing_list"), reverse("search")
    published = Listing.objects.filter(status="published")
    newest = list(published.order_by("-published_at", "pk")[:20])
    matched = list(Match.objects.order_by("pk").values_list("listing_id", "other_id")[:20])
    yield Door("listings", role, [listed, f"{listed}?page=9", f"{listed}?order=ending"], f"{listed}?page=499")
    yield Door(
        "listings, narrowed", role,
        [f"{listed}?direction=request&kind=research", f"{listed}?place=CN", f"{listed}?language=sw", f"{listed}?sector=C"],
    )  # fmt: skip
    yield Door("listing", role, [reverse("listing_detail", args=[one.pk]) for one in newest])
    asked = [f"{search}?{urlencode({'q': next(found)})}" for _ in range(60)]
    yield Door("search by meaning", role, asked)
    yield Door(
        "search, narrowed",
        role,
        [f"{search}?{urlencode({'q': next(found), 'place': 'CN'})}" for _ in range(60)],
    )
    yield Door("search, second page", role, [f"{asked[0]}&page=2"])
    yield Door("matches", role, [reverse("match_list", args=[pk]) for pk, _other in matched])
    yield Door("match", role, [reverse("match_pair", args=list(pair)) for pair in matched])


def _later() -> Iterator[Door]:
    event = Event.objects.order_by("-created_at")[0]
    yield Door("events", "member", [reverse("event_list")])
    yield Door("event", "member", [reverse("event_detail", args=[event.pk])])
    yield Door("participants", "organiser", [reverse("participant_list", args=[event.pk])])
    yield Door("meeting requests", "member", [reverse("request_list")])
    yield Door("my day", "member", [reverse("my_day")])
    yield Door("desk", "organiser", [reverse("event_desk", args=[event.pk])])
    for name, url in (
        ("agreements", "agreement_list"), ("cases", "case_list"), ("projects", "project_list"),
        ("facilities", "facility_list"), ("results", "result_list"),
    ):  # fmt: skip
        yield Door(name, "secretariat", [reverse(url)])
    person = User.objects.get(email=ROLES["member"])
    cases = cooperation.cases(person).order_by("pk")[:10]
    if cases:
        yield Door("case", "member", [reverse("case_detail", args=[case.pk]) for case in cases])
    projects = Project.objects.filter(tier="public").order_by("pk")[:10]
    yield Door("project", "anyone", [reverse("project_detail", args=[p.pk]) for p in projects])
    yield Door("observatory", "anyone", [reverse("observe")])
    yield Door("indicator", "anyone", [reverse("indicator_detail", args=["agreements"])])
    yield Door("records of an indicator", "anyone", [reverse("indicator_records", args=["agreements"])])
    yield Door("ties", "anyone", [reverse("ties")])
    yield Door("releases", "anyone", [reverse("release_list")])


def _operations() -> Iterator[Door]:
    for name, role in (
        ("organisations", "anyone"), ("listings", "anyone"), ("listings", "member"), ("interests", "member"),
        ("events", "anyone"), ("meeting-requests", "member"), ("meetings", "member"), ("agreements", "anyone"),
        ("cases", "member"), ("projects", "anyone"), ("facilities", "anyone"), ("results", "anyone"), ("indicators", "anyone"),
    ):  # fmt: skip
        path = f"/api/v1/{name}"
        if name == "indicators":
            yield Door(f"GET {path}", role, [path])
        else:
            yield Door(f"GET {path}", role, [f"{path}?limit=50"], f"{path}?limit=1")
    found = questions("en", "fr", "zh")
    yield Door(
        "GET /api/v1/search", "member", [f"/api/v1/search?{urlencode({'q': next(found)})}" for _ in range(60)]
    )


def questions(*languages: str) -> Iterator[str]:
    """Questions in many languages, each new, so that none is answered from memory: parts of real sentences."""
    texts = parallel()
    chosen = [texts[name] for name in languages or sorted(texts)]
    for number in itertools.count():
        for rows in chosen:
            words = rows[number % len(rows)].split()
            start = (number // len(rows)) % max(1, len(words) - 3)
            part = " ".join(words[start : start + 9]) if len(words) > 4 else rows[number % len(rows)]
            yield f"{part[:120]} {number}"


# --- measuring --------------------------------------------------------------------------------------------
def measure(port: int, times: int, only: str = "") -> Iterator[Line]:
    """Ask every door `times` times of the server on `port`, and count its queries here."""
    host = settings.CONFIG.allowed_hosts[0].lstrip(".").replace("*", "localhost")
    clients = {role: _client(email, host) for role, email in ROLES.items()}
    for door in doors():
        if only in f"{door.name} {door.role}":
            yield _measured(door, clients[door.role], host, port, times)


def _client(email: str, host: str) -> Client:
    client = Client(HTTP_HOST=host, headers={"accept-language": "en"})
    if email:
        client.force_login(User.objects.get(email=email), backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def _measured(door: Door, client: Client, host: str, port: int, times: int) -> Line:
    # Half of the addresses stay unasked until the server is, so that no memory of ours answers.
    ours = list(door.addresses[len(door.addresses) // 2 :])
    queries = [_counted(client, address) for address in (ours[0], *ours[:3])][1:]
    began = time.process_time()
    for address in itertools.islice(itertools.cycle(ours), 6):
        client.get(address)
    cpu = (time.process_time() - began) / 6 * 1000
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    wall, size = [], 0
    for address in itertools.islice(itertools.cycle(door.addresses), times):
        taken, size = _asked(address, host, port, cookies)
        wall.append(taken)
    short = _counted(client, door.short) if door.short else None
    return Line(door, wall, cpu, max(queries), short, size)


def _counted(client: Client, address: str) -> int:
    reset_queries()
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answers {answer.status_code}")
    return len(captured)


def _asked(address: str, host: str, port: int, cookies: str) -> tuple[float, int]:
    headers = {"Host": host, "Cookie": cookies, "Accept-Language": "en", "Accept-Encoding": "gzip"}
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    server.request("GET", iri_to_uri(address), headers=headers)
    answer = server.getresponse()
    body = answer.read()
    taken = (time.perf_counter() - began) * 1000
    server.close()
    if answer.status != 200:
        raise RuntimeError(f"{address} answers {answer.status}")
    return taken, len(body)


# --- the table --------------------------------------------------------------------------------------------
def machine() -> str:
    """One line: processor, cores, memory, load, versions, and how many rows there are."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (server,) = cursor.fetchone()
    return (
        f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"PostgreSQL {server}; {Organisation.objects.count():,} organisations, {Listing.objects.count():,} listings"
    )


HEAD = f"{'':26}{'as':12}{'median':>8}{'p95':>8}{'cpu':>7}{'queries':>9}{'one row':>9}{'KB':>7}"


def shown(line: Line) -> str:
    """One row of the table; `!` marks a promise that is not kept."""
    short = "" if line.queries_short is None else str(line.queries_short)
    return (
        f"{line.door.name:26}{line.door.role:12}{median(line.wall):8.0f}{line.p95:8.0f}{line.cpu:7.0f}"
        f"{line.queries:9}{short:>9}{line.size / 1024:7.0f}{'' if line.is_kept else '  !'}"
    )
