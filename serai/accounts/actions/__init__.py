"""What changes accounts: joining, roles, tokens, preferences."""

from serai.accounts.actions.joining import (
    accept_invitation,
    decide_access_request,
    decide_membership,
    grant_node_role,
    invite,
    leave,
    request_access,
    request_membership,
    revoke_invitation,
)
from serai.accounts.actions.preferences import mark_all_read, mark_read, save_preferences
from serai.accounts.actions.tokens import create_token, revoke_token

__all__ = [
    "accept_invitation",
    "create_token",
    "decide_access_request",
    "decide_membership",
    "grant_node_role",
    "invite",
    "leave",
    "mark_all_read",
    "mark_read",
    "request_access",
    "request_membership",
    "revoke_invitation",
    "revoke_token",
    "save_preferences",
]
