"""Which status of a listing and of an expression of interest follows which."""

from serai.core import lifecycle
from serai.exchange.models import Interest, Listing

_LISTING = Listing.Status
LISTING = lifecycle.register(
    lifecycle.Lifecycle(
        name="listing",
        model=Listing,
        initial=_LISTING.DRAFT,
        transitions={
            _LISTING.DRAFT: {_LISTING.IN_REVIEW, _LISTING.WITHDRAWN},
            _LISTING.IN_REVIEW: {_LISTING.PUBLISHED, _LISTING.ON_HOLD, _LISTING.REJECTED, _LISTING.DRAFT},
            _LISTING.ON_HOLD: {_LISTING.IN_REVIEW, _LISTING.WITHDRAWN},
            _LISTING.PUBLISHED: {_LISTING.ON_HOLD, _LISTING.EXPIRED, _LISTING.WITHDRAWN, _LISTING.CLOSED},
            _LISTING.REJECTED: {_LISTING.DRAFT},
            _LISTING.EXPIRED: {_LISTING.PUBLISHED, _LISTING.IN_REVIEW, _LISTING.WITHDRAWN},
            _LISTING.WITHDRAWN: {_LISTING.DRAFT},
            _LISTING.CLOSED: set(),
        },
        tones={
            _LISTING.DRAFT: "quiet",
            _LISTING.IN_REVIEW: "waiting",
            _LISTING.ON_HOLD: "waiting",
            _LISTING.PUBLISHED: "active",
            _LISTING.REJECTED: "stopped",
            _LISTING.EXPIRED: "quiet",
            _LISTING.WITHDRAWN: "quiet",
            _LISTING.CLOSED: "done",
        },
    )
)

_INTEREST = Interest.Status
INTEREST = lifecycle.register(
    lifecycle.Lifecycle(
        name="interest",
        model=Interest,
        initial=_INTEREST.SENT,
        transitions={
            _INTEREST.SENT: {_INTEREST.ACCEPTED, _INTEREST.DECLINED, _INTEREST.EXPIRED, _INTEREST.WITHDRAWN},
            _INTEREST.ACCEPTED: {_INTEREST.IN_CONTACT, _INTEREST.LED_ON, _INTEREST.STOPPED},
            _INTEREST.IN_CONTACT: {_INTEREST.LED_ON, _INTEREST.STOPPED},
            _INTEREST.DECLINED: set(),
            _INTEREST.EXPIRED: set(),
            _INTEREST.WITHDRAWN: set(),
            _INTEREST.LED_ON: set(),
            _INTEREST.STOPPED: set(),
        },
        tones={
            _INTEREST.SENT: "waiting",
            _INTEREST.ACCEPTED: "active",
            _INTEREST.IN_CONTACT: "active",
            _INTEREST.DECLINED: "stopped",
            _INTEREST.EXPIRED: "quiet",
            _INTEREST.WITHDRAWN: "quiet",
            _INTEREST.LED_ON: "done",
            _INTEREST.STOPPED: "stopped",
        },
    )
)
