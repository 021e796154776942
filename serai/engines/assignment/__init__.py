"""Fair lists: exposure everybody is promised, re-ranking with prices, and lists for people who must want each other."""

from serai.engines.assignment.audit import audit, reachable
from serai.engines.assignment.indicators import gini, indicators
from serai.engines.assignment.lists import lists
from serai.engines.assignment.reciprocal import Reciprocal, reciprocal
from serai.engines.assignment.rerank import Place, behind, broad, place, rerank, settled, tie_order
from serai.engines.assignment.types import ENGINE_VERSION, Lists, Problem, discounts

__all__ = [
    "ENGINE_VERSION",
    "Lists",
    "Place",
    "Problem",
    "Reciprocal",
    "audit",
    "behind",
    "broad",
    "discounts",
    "gini",
    "indicators",
    "lists",
    "place",
    "reachable",
    "reciprocal",
    "rerank",
    "settled",
    "tie_order",
]
