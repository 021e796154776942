"""Which status of an agreement follows which."""

from serai.agreements.models import Agreement
from serai.core import lifecycle

S = Agreement.Status
AGREEMENT = lifecycle.register(
    lifecycle.Lifecycle(
        name="agreement",
        model=Agreement,
        initial=S.DRAFT,
        transitions={
            S.DRAFT: {S.UNDER_REVIEW, S.NEGOTIATION},
            S.UNDER_REVIEW: {S.DRAFT, S.NEGOTIATION},
            S.NEGOTIATION: {S.UNDER_REVIEW, S.APPROVED},
            S.APPROVED: {S.NEGOTIATION, S.SIGNED},
            S.SIGNED: {S.IN_FORCE, S.TERMINATED},
            S.IN_FORCE: {S.RENEWAL_DUE, S.EXPIRED, S.TERMINATED},
            S.RENEWAL_DUE: {S.IN_FORCE, S.EXPIRED, S.TERMINATED},
            S.EXPIRED: set(),
            S.TERMINATED: set(),
        },
        tones={
            S.DRAFT: "quiet",
            S.UNDER_REVIEW: "waiting",
            S.NEGOTIATION: "active",
            S.APPROVED: "active",
            S.SIGNED: "done",
            S.IN_FORCE: "done",
            S.RENEWAL_DUE: "waiting",
            S.EXPIRED: "quiet",
            S.TERMINATED: "stopped",
        },
    )
)
