"""Texts reach the catalogue: `makemessages` knows the functions of gettext by their own names and `_` only."""

import ast
from pathlib import Path

import serai

MODULES = sorted(Path(serai.__file__).parent.rglob("*.py"))


def test_no_function_of_gettext_goes_by_another_name() -> None:
    renamed = [
        f"{path.name}: {name.name} as {name.asname}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname not in (None, "_")
    ]

    assert renamed == []
