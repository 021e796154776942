"""Which solver packages are there: each can be missing, and another solver takes over or a sentence says so."""

from __future__ import annotations

from importlib import import_module

SCIPY, PYTHON_SAT, HERMAX, ORTOOLS = "scipy.optimize", "pysat.solvers", "hermax.core", "ortools.sat"
NAMES = {
    SCIPY: "SciPy (HiGHS)",
    PYTHON_SAT: "python-sat",
    HERMAX: "hermax (UWrMaxSat)",
    ORTOOLS: "OR-Tools (CP-SAT)",
}


def not_installed(*modules: str) -> list[str]:
    """The names of those that cannot be imported; of all if none is given."""
    missing = []
    for module in modules or NAMES:
        try:
            import_module(module)
        except ImportError:
            missing.append(NAMES[module])
    return missing
