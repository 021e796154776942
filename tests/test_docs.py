"""The pages of `docs/` that say what there is: what they name has to exist."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from serai.node.cli import OPERATIONS

ROOT = Path(__file__).parent.parent
COVERAGE = ROOT / "docs/coverage.md"
PAGES = [COVERAGE, *(ROOT / f"docs/{name}.md" for name in ("architecture", "glossary")), ROOT / "README.md"]

STATES = {"whole", "in part", "missing"}
ROWS = {"A": 10, "B": 10, "C": 9, "D": 16, "E": 13, "F": 10, "G": 10, "H": 6, "I": 4, "J": 7, "K": 8, "L": 4}
ROWS |= {"M": 6, "N": 6, "O": 5}
RECORD = str(UUID(int=1))


def _table_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _quoted(text: str) -> list[str]:
    """What stands between single backticks, outside blocks of code."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def _opens(address: str) -> bool:
    path = address.replace("{id}", RECORD).replace("{code}", "th").split("#")[0].split("?")[0]
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def test_every_row_of_the_field_is_there_once_with_its_word() -> None:
    rows = [row for row in _table_rows(COVERAGE.read_text("utf-8")) if re.fullmatch(r"[A-O]\d+", row[0])]
    expected = [f"{letter}{number}" for letter, count in ROWS.items() for number in range(1, count + 1)]
    assert [row[0] for row in rows] == expected
    assert len(expected) == 124
    assert {row[0]: row[2] for row in rows if row[2] not in STATES} == {}


def test_every_story_is_there_once_with_its_word() -> None:
    rows = [row for row in _table_rows(COVERAGE.read_text("utf-8")) if re.match(r"\d+\. ", row[0])]
    assert [int(row[0].split(".")[0]) for row in rows] == list(range(1, 11))
    assert {row[0]: row[1] for row in rows if row[1] not in STATES} == {}


def test_what_is_whole_is_shown_and_what_is_in_part_says_what_is_missing() -> None:
    for row in _table_rows(COVERAGE.read_text("utf-8")):
        if "whole" in row:
            assert _quoted(row[-1]), f"{row[0]} names nothing that shows it"
        elif "in part" in row:
            assert re.search(r"\b(no|not|nothing|none|cannot|still|one)\b", row[-1], re.I), row[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_page_and_command_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    commands = {*OPERATIONS, *get_commands()}
    absent = []
    for name in _quoted(text):
        if name.startswith("/"):
            there = _opens(name)
        elif re.match(r"(tests|serai|docs|scripts|requirements|\.ci)/", name):
            there = any(ROOT.glob(name.rstrip("/")))
        elif name.startswith("serai "):
            there = name.split()[1] in commands
        else:
            continue
        if not there:
            absent.append(name)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    absent += [
        link
        for link in links
        if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists()
    ]
    assert absent == []
