"""Which status of an organisation follows which."""

from serai.core import lifecycle
from serai.directory.models import Organisation

_ORGANISATION = Organisation.Status
ORGANISATION = lifecycle.register(
    lifecycle.Lifecycle(
        name="organisation",
        model=Organisation,
        initial=_ORGANISATION.DRAFT,
        transitions={
            _ORGANISATION.DRAFT: {_ORGANISATION.SUBMITTED},
            # One from an open register goes back to LISTED, never to a draft that nobody sees.
            _ORGANISATION.SUBMITTED: {
                _ORGANISATION.UNDER_VERIFICATION,
                _ORGANISATION.DRAFT,
                _ORGANISATION.LISTED,
            },
            _ORGANISATION.UNDER_VERIFICATION: {
                _ORGANISATION.VERIFIED,
                _ORGANISATION.DRAFT,
                _ORGANISATION.LISTED,
            },
            _ORGANISATION.LISTED: {
                _ORGANISATION.SUBMITTED,
                _ORGANISATION.MERGED,
                _ORGANISATION.DISSOLVED,
                _ORGANISATION.WITHDRAWN,
            },
            _ORGANISATION.VERIFIED: {
                _ORGANISATION.SUSPENDED,
                _ORGANISATION.MERGED,
                _ORGANISATION.DISSOLVED,
                _ORGANISATION.WITHDRAWN,
            },
            _ORGANISATION.SUSPENDED: {_ORGANISATION.VERIFIED, _ORGANISATION.MERGED, _ORGANISATION.DISSOLVED},
            _ORGANISATION.MERGED: {_ORGANISATION.LISTED, _ORGANISATION.VERIFIED},
            _ORGANISATION.DISSOLVED: {_ORGANISATION.LISTED},
            _ORGANISATION.WITHDRAWN: {_ORGANISATION.LISTED},
        },
        tones={
            _ORGANISATION.DRAFT: "quiet",
            _ORGANISATION.SUBMITTED: "waiting",
            _ORGANISATION.UNDER_VERIFICATION: "waiting",
            _ORGANISATION.LISTED: "quiet",
            _ORGANISATION.VERIFIED: "done",
            _ORGANISATION.SUSPENDED: "stopped",
            _ORGANISATION.MERGED: "quiet",
            _ORGANISATION.DISSOLVED: "stopped",
            _ORGANISATION.WITHDRAWN: "stopped",
        },
    )
)
