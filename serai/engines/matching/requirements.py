"""Limits stated in a text (numbers with units, standards, readiness levels) and whether another text keeps
them.
"""

from __future__ import annotations

from serai.engines.matching.types import Requirement


def compare(
    query_text: str, query_language: str, document_text: str, document_language: str
) -> tuple[Requirement, ...]:
    """Every limit read in the query with what the document says about it, in the order of the query."""
    return ()
