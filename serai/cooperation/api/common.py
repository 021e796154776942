"""What the operations on cases, projects, facilities and results share."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from serai.agreements import policies as agreement_policies
from serai.agreements.models import Agreement
from serai.cooperation import policies
from serai.cooperation.models import Case
from serai.core.api import Line, Strict
from serai.core.viewer import Viewer


class CaseReasonIn(Strict):
    reason: Line


class NamedAgreementIn(Strict):
    """An agreement that is there."""

    agreement: UUID


def origins_named(
    viewer: Viewer, case: UUID | None, agreement: UUID | None
) -> tuple[Case | None, Agreement | None]:
    return (
        get_object_or_404(policies.visible_cases(viewer), pk=case) if case else None,
        agreement_named(viewer, agreement) if agreement else None,
    )


def agreement_named(viewer: Viewer, pk: UUID) -> Agreement:
    agreement: Agreement = get_object_or_404(agreement_policies.visible_agreements(viewer), pk=pk)
    return agreement
