"""What changes cases, projects, facilities and results."""

from serai.cooperation.actions.cases import (
    conclude_agreement,
    end_case,
    hand_over_case,
    move_case,
    open_case,
    open_case_from_interest,
    open_case_from_meeting,
    set_next_step,
    stall_case,
)
from serai.cooperation.actions.facilities import (
    NewFacilityText,
    close_facility,
    move_facility,
    propose_facility,
)
from serai.cooperation.actions.openings import agree_to_opening, ask_to_open, decline_opening
from serai.cooperation.actions.origins import (
    name_agreement_of_case,
    name_agreement_of_facility,
    name_agreement_of_project,
)
from serai.cooperation.actions.projects import (
    NewProjectParty,
    NewProjectText,
    create_project,
    end_project,
    land_project,
    move_project,
    share_benefits,
)
from serai.cooperation.actions.results import refuse_result, report_result, resubmit_result, validate_result

__all__ = [
    "NewFacilityText",
    "NewProjectParty",
    "NewProjectText",
    "agree_to_opening",
    "ask_to_open",
    "close_facility",
    "conclude_agreement",
    "create_project",
    "decline_opening",
    "end_case",
    "end_project",
    "hand_over_case",
    "land_project",
    "move_case",
    "move_facility",
    "move_project",
    "name_agreement_of_case",
    "name_agreement_of_facility",
    "name_agreement_of_project",
    "open_case",
    "open_case_from_interest",
    "open_case_from_meeting",
    "propose_facility",
    "refuse_result",
    "report_result",
    "resubmit_result",
    "set_next_step",
    "share_benefits",
    "stall_case",
    "validate_result",
]
