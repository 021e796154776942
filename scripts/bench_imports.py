"""Measure how fast files are taken in: processor time of client and database beyond the start of the command.

    scripts/bench_imports.py                       20,000 records like those of the register, 20,000 listings
    scripts/bench_imports.py --records 2000 --repeat 3

Every run empties nothing and undoes what it did, so it needs a node of its own (SERAI_HOME). The start of the
command is measured on a file of one record. Wall time is printed beside, but on a shared machine only the
processor time says something.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serai.node import config, postgres

SERAI = [sys.executable, "-m", "serai"]
TICK = os.sysconf("SC_CLK_TCK")
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
CITIES = (("Kiel", "DE"), ("Lyon", "FR"), ("Xi'an", "CN"), ("Pune", "IN"), ("Cusco", "PE"), ("Lagos", "NG"))


@dataclass(frozen=True)
class Cost:
    """Processor seconds of the command and of the database, and the seconds on the clock."""

    client_s: float
    server_s: float
    wall_s: float

    @property
    def cpu_s(self) -> float:
        return self.client_s + self.server_s


def ror_id(number: int) -> str:
    """The identifier with its check digits (98 minus the number times 100, modulo 97)."""
    letters = "".join(DIGITS[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))
    return f"https://ror.org/0{letters}{98 - number * 100 % 97:02d}"


def ror_record(number: int, count: int, chance: random.Random) -> dict[str, object]:
    """A record with what one of the register has: three names, four identifiers, a place, a relation."""
    city, country = chance.choice(CITIES)
    name = f"Institute {number} of {city}"
    other = chance.randrange(count)
    relations = [{"type": "related", "label": "x", "id": ror_id(other)}] if other != number else []
    return {
        "id": ror_id(number),
        "status": "active",
        "types": ["facility", "funder"],
        "established": 1900 + number % 120,
        "names": [
            {"value": name, "lang": "en", "types": ["label", "ror_display"]},
            {"value": f"Institut {number} {city}", "lang": "fr", "types": ["label"]},
            {"value": f"I{number}", "lang": None, "types": ["acronym"]},
        ],
        "locations": [
            {
                "geonames_id": number,
                "geonames_details": {"name": city, "country_code": country, "lat": 54.3, "lng": 10.1},
            }
        ],
        "links": [{"type": "website", "value": f"https://i{number}.example.org"}],
        "domains": [f"i{number}.example.org"],
        "external_ids": [
            {"type": "isni", "all": [f"0000 0001 {number:08d}"], "preferred": None},
            {"type": "wikidata", "all": [f"Q{number}"], "preferred": f"Q{number}"},
            {"type": "grid", "all": [f"grid.{number}.1"], "preferred": f"grid.{number}.1"},
        ],
        "relationships": relations,
        "admin": {"last_modified": {"date": "2026-01-01", "schema_version": "2.1"}},
    }


def write_ror(path: Path, count: int, first: int = 0) -> None:
    chance = random.Random(1)  # noqa: S311  the same file every time
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(first, first + count):
            text = json.dumps(ror_record(number, count, chance), ensure_ascii=False)
            archive.writestr(f"{number:06d}.json", text)


def write_listings(path: Path, count: int, first: int = 0) -> None:
    words = [
        "water",
        "treatment",
        "membrane",
        "sensor",
        "battery",
        "recycling",
        "crop",
        "health",
        "satellite",
        "imaging",
        "alloy",
        "yeast",
    ]
    chance = random.Random(2)  # noqa: S311  the same file every time
    with path.open("w", encoding="utf-8") as file:
        for number in range(first, first + count):
            body = ". ".join(" ".join(chance.choices(words, k=12)).capitalize() for _ in range(8))
            line = {"id": f"bench-{number}", "lang": "en", "title": f"Offer {number}", "text": f"{body}."}
            file.write(json.dumps(line) + "\n")


def server_seconds(node: config.Config) -> float:
    """Processor seconds of the embedded database and all its processes so far."""
    main = int((node.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    total = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended between two looks
        if int(entry.name) == main:
            total += sum(int(v) for v in fields[11:15])
        elif int(fields[1]) == main:
            total += sum(int(v) for v in fields[11:13])
    return total / TICK


def run(node: config.Config, *arguments: str) -> Cost:
    before, server, begun = (
        resource.getrusage(resource.RUSAGE_CHILDREN),
        server_seconds(node),
        time.monotonic(),
    )
    done = subprocess.run(
        [*SERAI, "import", *arguments, "--json"], check=True, capture_output=True, text=True
    )
    wall = time.monotonic() - begun
    time.sleep(
        0.5
    )  # the database's process for this client ends, and its time is counted with the main one's
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    client = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = json.loads(done.stdout)
    if report["refused"]:
        raise SystemExit(f"{arguments}: {report['refused'][:3]}")
    return Cost(client, server_seconds(node) - server, wall)


def measure(
    node: config.Config, name: str, suffix: str, write: Callable[..., None], count: int, repeat: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, f"small{suffix}"), Path(folder, f"large{suffix}")
        write(small, 1, count)
        write(large, count)
        for number in range(1, repeat + 1):
            start = run(node, name, str(small))
            cost = run(node, name, str(large))
            again = run(node, name, str(large))
            for path in (large, small):
                run(node, name, str(path), "--undo")
            net = cost.cpu_s - start.cpu_s
            sys.stdout.write(
                f"{name:9} {number}  {count:7,} records  {count / net:7,.0f} a second  "
                f"(client {cost.client_s - start.client_s:6.2f} s, database {cost.server_s - start.server_s:6.2f} s, "
                f"start {start.cpu_s:5.2f} s; clock {cost.wall_s:6.1f} s, {count / cost.wall_s:7,.0f} a second)  "
                f"again {count / max(again.cpu_s - start.cpu_s, 0.01):7,.0f} a second\n"
            )
            sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", choices=("ror", "listings"))
    options = parser.parse_args()
    node = config.load()
    started = postgres.start(node)
    try:
        subprocess.run([*SERAI, "migrate", "-v", "0"], check=True)
        if options.only != "listings":
            measure(node, "ror", ".zip", write_ror, options.records, options.repeat)
        if options.only != "ror":
            measure(node, "listings", ".jsonl", write_listings, options.records, options.repeat)
    finally:
        if started:
            postgres.stop(node)


if __name__ == "__main__":
    main()
