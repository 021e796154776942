"""What can go wrong, in words a person can act on."""

from __future__ import annotations


class MatchingError(Exception):
    """Base of the engine's own errors."""


class EncoderFailed(MatchingError):  # noqa: N818 - it names what happened
    """An encoder gave no usable vector. `position` is the index of the text at fault, None when it is not
    the text.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class EncoderUnavailable(EncoderFailed):
    """The encoder cannot be reached or started at all: worth trying again later."""
