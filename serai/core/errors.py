"""The few errors an action may raise, each with its HTTP status.

One middleware and one API handler turn them into answers, so views contain no `try`.
"""

from collections.abc import Mapping


class SeraiError(Exception):
    """Something a person can understand and act upon. `message` is shown to them, translated."""

    status = 400
    code = "error"

    def __init__(self, message: object, *, fields: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        return str(self.message)


class Invalid(SeraiError):
    """The input cannot be accepted; `fields` names which part and why."""

    status = 422
    code = "invalid"


class NotAllowed(SeraiError):
    """The person sees the object but may not do this to it."""

    status = 403
    code = "not_allowed"


class NotFound(SeraiError):
    """There is no such thing, or the person may not know of it: the answer is the same."""

    status = 404
    code = "not_found"


class NotSignedIn(SeraiError):
    """The interface needs to know who is asking (programming interface only; pages go to the sign-in)."""

    status = 401
    code = "not_signed_in"


class Conflict(SeraiError):
    """The state of the object, or another booking, does not permit it. `alternatives` may help."""

    status = 409
    code = "conflict"

    def __init__(self, message: object, *, alternatives: list[object] | None = None) -> None:
        super().__init__(message)
        self.alternatives = alternatives or []


class TooMany(SeraiError):
    """A budget (requests, reads, size) is used up."""

    status = 429
    code = "too_many"


class TooLarge(SeraiError):
    """What was sent is larger than it may be; nothing of it was read."""

    status = 413
    code = "too_large"


class LengthRequired(SeraiError):
    """What was sent did not say its length, and is too long to be measured here."""

    status = 411
    code = "length_required"


class NoSuchMethod(SeraiError):
    """The address is known, the method is not."""

    status = 405
    code = "no_such_method"


class Unavailable(SeraiError):
    """The node cannot answer now, and will in a moment: its database restarts, say."""

    status = 503
    code = "unavailable"


class Broken(SeraiError):
    """A fault of ours; the log has it."""

    status = 500
    code = "broken"
