"""Secrets people carry (tokens, invitations): shown once, kept as a hash only."""

import hashlib
import secrets


def new_secret(prefix: str) -> str:
    """256 random bits, with a prefix by which a leaked one is recognised."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_of(secret: str) -> str:
    """SHA-256 is enough for 256 random bits: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(secret.encode()).hexdigest()
