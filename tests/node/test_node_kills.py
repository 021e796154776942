"""`kill -9` of web server, worker, database and command while people write, import, schedule, book and publish.

What was acknowledged is there afterwards, and once. Callers do what real ones do: they send again with the same
Idempotency-Key until somebody answers. Beside it the two controls: commits acknowledged before they are written
lose some, and callers without a key make some twice.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from serai.node import locks, postgres, processes
from serai.node.config import Config
from tests.node.conftest import copied
from tests.node.node_support import CHECKOUT, discard, kill_server, node_config
from tests.node.test_node_cli import free_port, serai

PEOPLE, TABLES, SLOTS = 16, 8, 12
FOUNDERS = 400
"""One person may have only so many organisations that wait: each founds one, then the next."""
PATIENCE_S = 600
"""When a caller gives up. It only ends what hangs: on a busy machine a node that is killed again takes minutes."""

# The people, the event and the tokens of the callers, made in the node itself.
WORLD = f"""
import json, sys
import django; django.setup()
from tests import factories as f
from serai.accounts.models import ApiToken, Membership, NodeRole
from serai.accounts.secrets import hash_of
def token(user, secret):
    ApiToken.objects.create(user=user, name=secret, scope=ApiToken.Scope.WRITE, secret_hash=hash_of(secret))
host = f.make_organisation(country=f.make_place("PL"))
organiser = f.make_member(host, role=Membership.Role.EVENT_ORGANISER)
token(organiser, "organiser")
for n in range({FOUNDERS}): token(f.make_user(), f"founder {{n}}")
events = {{}}
for name in ("booked", "scheduled"):
    event = f.make_event(hosts=[host], owner=organiser)
    for n in range({SLOTS}): f.make_slot(event, n)
    for n in range({TABLES}): f.make_table(event)
    crowd = [f.make_participant(event) for n in range({PEOPLE})]
    pairs = [(a, b) for i, a in enumerate(crowd) for b in crowd[i + 1:]]
    events[name] = {{
        "id": str(event.pk),
        "slots": [str(s.pk) for s in event.slots.order_by("during")],
        "requests": [str(f.make_request(event, requester=a, invitee=b).pk) for a, b in pairs],
    }}
print(json.dumps(events))
"""


class Node:
    """A node with its web server and worker, and callers that do not give up."""

    def __init__(self, config: Config, port: str) -> None:
        self.config, self.port = config, port
        self.events: dict[str, Any] = {}
        self.founders = count()

    def python(self, code: str) -> str:
        env = {
            **os.environ,
            "SERAI_HOME": str(self.config.home),
            "SERAI_PORT": self.port,
            "DJANGO_SETTINGS_MODULE": "serai.settings",
            "PYTHONPATH": str(CHECKOUT),
        }
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1] if done.stdout else ""

    def ask(self, method: str, path: str, body: Any, who: str, key: str = "") -> tuple[int, Any]:
        """One request; raises OSError when nobody answers or the answer breaks off."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {who}", "Content-Type": "application/json"},
        )
        if key:
            request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def insist(self, method: str, path: str, body: Any, who: str, *, keyed: bool = True) -> tuple[int, Any]:
        """Ask until there is an answer that is not the server's own trouble."""
        key, until = (str(uuid4()) if keyed else ""), time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(OSError, ValueError, urllib.error.URLError):
                status, answer = self.ask(method, path, body, who, key)
                if status < 500:
                    return status, answer
            time.sleep(0.05)
        raise AssertionError(f"{method} {path} was never answered: {processes.tail(self.config)}")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with postgres.connect(self.config) as connection:
            return connection.execute(statement, values or None).fetchall()  # type: ignore[arg-type]

    def one(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    # --- killing ---
    def kill(self, what: str) -> None:
        if what == "database":
            kill_server(self.config)
            return
        for process in processes.state(self.config).processes:
            if process["name"] == what and process["pid"]:
                with suppress(ProcessLookupError):
                    os.kill(int(str(process["pid"])), signal.SIGKILL)

    def until_ready(self) -> None:
        assert locks.eventually(lambda: processes.answers(self.config, int(self.port)), 180), processes.tail(
            self.config
        )


@pytest.fixture(scope="module")
def living(_prepared: Path) -> Iterator[Node]:
    """A node that is up, with people, two events and tokens."""
    base = Path(tempfile.mkdtemp(prefix="serai-kills-"))
    base.chmod(0o755)
    home = copied(_prepared, base)
    port = free_port()
    up = serai("up", home=home, SERAI_PORT=port)
    assert up.returncode == 0, up.stderr
    node = Node(node_config(home, SERAI_PORT=port), port)
    node.events = json.loads(node.python(WORLD))
    yield node
    serai("down", home=home)
    discard(home)
    shutil.rmtree(base, ignore_errors=True)


def founding(node: Node, acknowledged: list[tuple[str, str]], stop: threading.Event, *, keyed: bool) -> None:
    """Register organisations one after the other, noting each that was acknowledged."""
    while not stop.is_set():
        name = f"House {uuid4()}"
        body = {"name": name, "name_language": "en", "kinds": ["university"], "country": "PL"}
        who = f"founder {next(node.founders) % FOUNDERS}"
        status, answer = node.insist("POST", "/api/v1/organisations", body, who, keyed=keyed)
        assert status == 201, answer
        acknowledged.append((answer["id"], name))


def booking(node: Node, work: Iterator[tuple[str, str]], acknowledged: list[str]) -> None:
    """Book one agreed request after the other into a slot that may be taken."""
    for request, slot in work:
        body = {"request": request, "slot": slot}
        status, answer = node.insist("POST", "/api/v1/meetings", body, "organiser")
        assert status in (201, 409), answer
        if status == 201:
            acknowledged.append(answer["id"])


def together(*jobs: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def _lost_and_doubled(node: Node, acknowledged: list[tuple[str, str]]) -> tuple[int, int]:
    kept = Counter(name for (name,) in node.rows("SELECT name FROM directory_organisation"))
    ids = {str(pk) for (pk,) in node.rows("SELECT id FROM directory_organisation")}
    lost = [pk for pk, name in acknowledged if pk not in ids or not kept[name]]
    doubled = [name for name, count in kept.items() if name.startswith("House ") and count > 1]
    return len(lost), len(doubled)


def kill_while_writing(node: Node, kills: list[str], *, seed: int, pause_s: float = 0.6) -> dict[str, int]:
    """Four callers write while the processes named are killed in turn. What was promised, lost, doubled."""
    chance = random.Random(seed)
    stop, founded, booked = threading.Event(), [], []  # type: ignore[var-annotated]
    event = node.events["booked"]
    pairs = [(r, chance.choice(event["slots"])) for r in event["requests"]]
    chance.shuffle(pairs)
    taken = iter(pairs)
    guard = threading.Lock()

    def work() -> Iterator[tuple[str, str]]:
        while not stop.is_set():
            with guard:
                following = next(taken, None)
            if following is None:
                return
            yield following

    threads = together(
        lambda: founding(node, founded, stop, keyed=True),
        lambda: founding(node, founded, stop, keyed=True),
        lambda: booking(node, work(), booked),
        lambda: booking(node, work(), booked),
    )
    for what in kills:
        time.sleep(pause_s + chance.random() * 0.4)
        node.kill(what)
        if what == "database":
            node.until_ready()
    time.sleep(pause_s)
    stop.set()
    for thread in threads:
        thread.join()
    node.until_ready()
    lost, doubled = _lost_and_doubled(node, founded)
    meetings = {str(pk) for (pk,) in node.rows("SELECT id FROM events_meeting WHERE status = 'confirmed'")}
    return {
        "founded": len(founded),
        "booked": len(booked),
        "lost": lost + len(set(booked) - meetings),
        "doubled": doubled + len(booked) - len(set(booked)),
        "overlaps": node.one(
            "SELECT count(*) FROM events_meetingseat a JOIN events_meetingseat b ON a.who = b.who "
            "AND a.id < b.id AND a.during && b.during WHERE a.is_active AND b.is_active"
        ),
        "half meetings": node.one(
            "SELECT count(*) FROM events_meeting m WHERE m.status = 'confirmed' AND 3 <> "
            "(SELECT count(*) FROM events_meetingseat s WHERE s.meeting_id = m.id AND s.is_active)"
        ),
        "requests booked twice": node.one(
            "SELECT count(*) FROM (SELECT FROM events_meeting WHERE status = 'confirmed' "
            "GROUP BY request_id HAVING count(*) > 1) AS twice"
        ),
        "deeds not written down": node.one(
            "SELECT count(*) FROM events_meeting m WHERE NOT EXISTS (SELECT FROM core_auditentry e "
            "WHERE e.object_id = m.id AND e.seq IS NOT NULL)"
        ),
    }


GOOD = {"lost", "doubled", "overlaps", "half meetings", "requests booked twice", "deeds not written down"}


def wrong(found: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in found.items() if name in GOOD and count}


def test_nothing_acknowledged_is_lost_or_doubled_when_each_process_is_killed(living: Node) -> None:
    found = kill_while_writing(living, ["web", "worker", "database"], seed=1)

    assert wrong(found) == {}, found
    assert found["founded"] >= 5
    assert found["booked"] >= 3


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_in_many_kills(living: Node) -> None:
    chance = random.Random(2)
    for turn in range(6):
        kills = [chance.choice(["web", "web", "worker", "database"]) for _ in range(8)]
        found = kill_while_writing(living, kills, seed=turn, pause_s=0.3)
        assert wrong(found) == {}, (turn, kills, found)


@pytest.mark.slow
def test_the_controls_do_lose_and_double(living: Node) -> None:
    """Commits acknowledged before they are written are lost; a caller without a key makes things twice."""
    database = living.config.database["NAME"]
    with postgres.connect(living.config, admin=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" SET synchronous_commit = off'.encode())
        connection.execute(b"ALTER SYSTEM SET wal_writer_delay = '10s'")
    living.kill("database")  # every connection anew
    living.until_ready()
    lost = doubled = 0
    for turn in range(20):
        acknowledged: list[tuple[str, str]] = []
        stop = threading.Event()
        threads = together(*[lambda: founding(living, acknowledged, stop, keyed=False)] * 4)  # noqa: B023
        assert locks.eventually(lambda: len(acknowledged) >= 8, PATIENCE_S)  # noqa: B023
        living.kill("web" if turn % 2 else "database")
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        living.until_ready()
        more_lost, doubled = _lost_and_doubled(living, acknowledged)
        lost += more_lost
        if lost and doubled:
            break
    with postgres.connect(living.config, admin=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" RESET synchronous_commit'.encode())
        connection.execute(b"ALTER SYSTEM RESET wal_writer_delay")
    living.kill("database")
    living.until_ready()

    assert lost > 0
    assert doubled > 0


# --- importing ----------------------------------------------------------------------------------------------
def import_killed(node: Node, file: Path, after_s: list[float]) -> tuple[int, dict[str, Any]]:
    """Start the import, kill it after each of these times, then let it end. (times killed, its last report)"""
    killed = 0
    for wait in after_s:
        running = subprocess.Popen(
            [sys.executable, "-m", "serai", "import", "listings", str(file), "--json"],
            env={**os.environ, "SERAI_HOME": str(node.config.home), "SERAI_PORT": node.port},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=CHECKOUT,
        )
        with suppress(subprocess.TimeoutExpired):
            running.wait(wait)
        if running.poll() is None:
            running.kill()
            killed += 1
        running.communicate()
    done = serai("import", "listings", str(file), "--json", home=node.config.home, SERAI_PORT=node.port)
    assert done.returncode == 0, done.stderr
    return killed, json.loads(done.stdout)


def _file(folder: Path, mark: str, lines: int) -> Path:
    file = folder / f"{mark}.jsonl"
    texts = (
        {"id": f"{mark}{n}", "text": f"{mark} offer number {n}. We look for partners."} for n in range(lines)
    )
    file.write_text("\n".join(json.dumps(text) for text in texts))
    return file


def check_import(node: Node, file: Path, mark: str, lines: int, after_s: list[float]) -> int:
    killed, report = import_killed(node, file, after_s)
    titles = node.rows(
        "SELECT title, count(*) FROM exchange_listingteaser WHERE title LIKE %s GROUP BY 1", f"{mark}%"
    )
    again = serai("import", "listings", str(file), "--json", home=node.config.home, SERAI_PORT=node.port)

    assert report["read"] == lines == report["created"] + report["updated"] + report["unchanged"]
    assert len(titles) == lines
    assert {count for _title, count in titles} == {1}
    assert json.loads(again.stdout)["unchanged"] == lines
    return killed


def test_an_import_that_is_killed_is_taken_up_without_a_gap_or_a_double(living: Node, tmp_path: Path) -> None:
    file = _file(tmp_path, "Trone", 300)

    assert check_import(living, file, "Trone", 300, [2.5]) == 1


@pytest.mark.slow
def test_an_import_is_killed_again_and_again(living: Node, tmp_path: Path) -> None:
    killed = 0
    for turn in range(6):
        mark = f"Quell{turn}x"
        file = _file(tmp_path, mark, 1500)
        killed += check_import(living, file, mark, 1500, [1.5 + 0.4 * turn, 2.0 + 0.3 * turn, 3.0])

    assert killed > 6


# --- scheduling and publishing ------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_schedule_outlives_its_worker_and_is_published_once(living: Node) -> None:
    """The worker dies while it computes; web server, then database die while the schedule is published."""
    event = living.events["scheduled"]["id"]
    status, run = living.insist("POST", f"/api/v1/events/{event}/schedule", {}, "organiser")
    assert status == 202, run
    assert locks.eventually(lambda: _run(living, run["id"])["status"] == "running", 120)
    living.kill("worker")
    assert locks.eventually(lambda: _run(living, run["id"])["status"] == "proposed", 300), _run(
        living, run["id"]
    )

    answers: list[tuple[int, Any]] = []
    threads = together(
        lambda: answers.append(
            living.insist("POST", f"/api/v1/events/runs/{run['id']}/publish", None, "organiser")
        )
    )
    for what in ("web", "database", "web"):
        time.sleep(0.2)
        living.kill(what)
    for thread in threads:
        thread.join()
    living.until_ready()

    assert answers[0][0] == 200, answers
    granted = _run(living, run["id"])["granted"]
    met = "SELECT count(*), count(DISTINCT request_id) FROM events_meeting WHERE event_id = %s AND status = 'confirmed'"
    assert living.rows(met, event) == [(granted, granted)]
    told = living.rows(
        "SELECT n.user_id, count(*) FROM accounts_notice n WHERE n.kind = 'events.schedule_published' "
        "AND n.object_id = %s GROUP BY 1",
        event,
    )
    assert {count for _user, count in told} == {1}
    assert locks.eventually(lambda: _unsent(living) == 0, 200)
    assert not [key for key, count in _letters(living).items() if count > 1]


def _run(node: Node, pk: str) -> dict[str, Any]:
    return dict(node.insist("GET", f"/api/v1/events/runs/{pk}", None, "organiser")[1])


def _unsent(node: Node) -> int:
    return int(node.one("SELECT count(*) FROM core_outboxmessage WHERE sent_at IS NULL"))


def _letters(node: Node) -> Counter[str]:
    """How many letters lie in the mail folder for each message of the outbox."""
    letters = (message_from_bytes(path.read_bytes()) for path in node.config.mail_dir.glob("*.eml"))
    return Counter(str(letter["X-Serai-Key"]) for letter in letters)
