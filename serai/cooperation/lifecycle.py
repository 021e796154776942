"""Which status of a case, a facility, a project and a result follows which."""

from serai.cooperation.models import Case, Facility, Opening, Project, Result
from serai.core import lifecycle

_CASE = Case.Status
CASE = lifecycle.register(
    lifecycle.Lifecycle(
        name="case",
        model=Case,
        initial=_CASE.LEAD,
        later=(_CASE.MATCHED,),  # from an interest or a meeting
        transitions={
            _CASE.LEAD: {_CASE.MATCHED, _CASE.STALLED, _CASE.FAILED},
            _CASE.MATCHED: {_CASE.NEGOTIATING, _CASE.STALLED, _CASE.FAILED},
            _CASE.NEGOTIATING: {_CASE.SIGNED, _CASE.STALLED, _CASE.FAILED},
            _CASE.SIGNED: {_CASE.LANDED, _CASE.STALLED, _CASE.FAILED},
            _CASE.LANDED: {_CASE.COMPLETED, _CASE.STALLED, _CASE.FAILED},
            _CASE.STALLED: {_CASE.MATCHED, _CASE.NEGOTIATING, _CASE.SIGNED, _CASE.LANDED, _CASE.FAILED},
            _CASE.COMPLETED: set(),
            _CASE.FAILED: set(),
        },
        tones={
            _CASE.LEAD: "waiting",
            _CASE.MATCHED: "active",
            _CASE.NEGOTIATING: "active",
            _CASE.SIGNED: "done",
            _CASE.LANDED: "done",
            _CASE.STALLED: "waiting",
            _CASE.COMPLETED: "done",
            _CASE.FAILED: "stopped",
        },
    )
)

_FACILITY = Facility.Status
FACILITY = lifecycle.register(
    lifecycle.Lifecycle(
        name="facility",
        model=Facility,
        initial=_FACILITY.PROPOSED,
        transitions={
            _FACILITY.PROPOSED: {_FACILITY.FEASIBILITY, _FACILITY.CLOSED},
            _FACILITY.FEASIBILITY: {_FACILITY.APPROVED, _FACILITY.CLOSED},
            _FACILITY.APPROVED: {_FACILITY.CONSTRUCTION, _FACILITY.OPERATING, _FACILITY.CLOSED},
            _FACILITY.CONSTRUCTION: {_FACILITY.OPERATING, _FACILITY.CLOSED},
            _FACILITY.OPERATING: {_FACILITY.IN_EVALUATION, _FACILITY.CLOSED},
            _FACILITY.IN_EVALUATION: {_FACILITY.OPERATING, _FACILITY.CLOSED},
            _FACILITY.CLOSED: set(),
        },
        tones={
            _FACILITY.PROPOSED: "waiting",
            _FACILITY.FEASIBILITY: "waiting",
            _FACILITY.APPROVED: "active",
            _FACILITY.CONSTRUCTION: "active",
            _FACILITY.OPERATING: "done",
            _FACILITY.IN_EVALUATION: "waiting",
            _FACILITY.CLOSED: "quiet",
        },
    )
)

_PROJECT = Project.Status
PROJECT = lifecycle.register(
    lifecycle.Lifecycle(
        name="project",
        model=Project,
        initial=_PROJECT.NEGOTIATING,
        later=(_PROJECT.SIGNED,),  # under a signed agreement
        transitions={
            _PROJECT.NEGOTIATING: {_PROJECT.SIGNED, _PROJECT.STALLED, _PROJECT.FAILED},
            _PROJECT.SIGNED: {_PROJECT.LANDED, _PROJECT.STALLED, _PROJECT.FAILED},
            _PROJECT.LANDED: {_PROJECT.OPERATING, _PROJECT.COMPLETED, _PROJECT.STALLED, _PROJECT.FAILED},
            _PROJECT.OPERATING: {_PROJECT.COMPLETED, _PROJECT.STALLED, _PROJECT.FAILED},
            _PROJECT.STALLED: {
                _PROJECT.NEGOTIATING,
                _PROJECT.SIGNED,
                _PROJECT.LANDED,
                _PROJECT.OPERATING,
                _PROJECT.FAILED,
            },
            _PROJECT.COMPLETED: set(),
            _PROJECT.FAILED: set(),
        },
        tones={
            _PROJECT.NEGOTIATING: "active",
            _PROJECT.SIGNED: "active",
            _PROJECT.LANDED: "done",
            _PROJECT.OPERATING: "done",
            _PROJECT.STALLED: "waiting",
            _PROJECT.COMPLETED: "done",
            _PROJECT.FAILED: "stopped",
        },
    )
)

_RESULT = Result.Status
RESULT = lifecycle.register(
    lifecycle.Lifecycle(
        name="result",
        model=Result,
        initial=_RESULT.REPORTED,
        transitions={
            _RESULT.REPORTED: {_RESULT.VALIDATED, _RESULT.REFUSED},
            _RESULT.VALIDATED: set(),
            _RESULT.REFUSED: {_RESULT.REPORTED},
        },
        tones={
            _RESULT.REPORTED: "waiting",
            _RESULT.VALIDATED: "done",
            _RESULT.REFUSED: "stopped",
        },
    )
)

_OPENING = Opening.Status
OPENING = lifecycle.register(
    lifecycle.Lifecycle(
        name="opening",
        model=Opening,
        initial=_OPENING.ASKED,
        transitions={
            _OPENING.ASKED: {_OPENING.AGREED, _OPENING.DECLINED},
            _OPENING.AGREED: set(),
            _OPENING.DECLINED: set(),
        },
        tones={_OPENING.ASKED: "waiting", _OPENING.AGREED: "done", _OPENING.DECLINED: "stopped"},
    )
)
