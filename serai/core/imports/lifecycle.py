"""Which state of an import follows which."""

from serai.core import lifecycle
from serai.core.models import ImportRun

S = ImportRun.Status
UNDER_WAY = (S.CHECKING, S.RUNNING, S.UNDOING)

IMPORT = lifecycle.register(
    lifecycle.Lifecycle(
        name="import",
        model=ImportRun,
        initial=S.PROPOSED,
        transitions={
            S.PROPOSED: {S.CHECKING},
            S.CHECKING: {S.CHECKED, S.REFUSED},
            S.CHECKED: {S.PROPOSED, S.CHECKING, S.RUNNING},
            S.RUNNING: {S.DONE, S.REFUSED},
            S.REFUSED: {S.PROPOSED, S.CHECKING},
            S.DONE: {S.UNDOING},
            S.UNDOING: {S.UNDONE, S.DONE},
            S.UNDONE: set(),
        },
        tones={
            S.PROPOSED: "waiting",
            S.CHECKING: "active",
            S.CHECKED: "waiting",
            S.RUNNING: "active",
            S.DONE: "done",
            S.REFUSED: "stopped",
            S.UNDOING: "active",
            S.UNDONE: "quiet",
        },
    )
)
