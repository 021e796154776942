"""What changes an agreement: drafting, signing, keeping it, and the commitments made in it."""

from serai.agreements.actions.commitments import add_commitment, complete_commitment, drop_commitment
from serai.agreements.actions.consent import consent_to_wording, withdraw_consent
from serai.agreements.actions.drafting import (
    NewParty,
    NewText,
    Terms,
    change_terms,
    draft_agreement,
    move_agreement,
    write_body,
    write_text,
)
from serai.agreements.actions.keeping import (
    end_past_agreements,
    enter_into_force,
    make_public,
    mark_renewals_due,
    renew_agreement,
    terminate_agreement,
)
from serai.agreements.actions.signing import record_signature

__all__ = [
    "NewParty",
    "NewText",
    "Terms",
    "add_commitment",
    "change_terms",
    "complete_commitment",
    "consent_to_wording",
    "draft_agreement",
    "drop_commitment",
    "end_past_agreements",
    "enter_into_force",
    "make_public",
    "mark_renewals_due",
    "move_agreement",
    "record_signature",
    "renew_agreement",
    "terminate_agreement",
    "withdraw_consent",
    "write_body",
    "write_text",
]
