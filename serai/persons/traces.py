"""Every place where the database speaks of a person, and what becomes of it when they are erased.

One line a column that leads to a person, in the order in which a copy shows them. A test reads the models: a
foreign key to a person that no line names fails it, so a new table cannot be forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from serai.core import kinds

ERASED = "erased person"
"""What stands where a name stood. Not translated: it is stored once, for readers of every language."""

Fate = Literal["delete", "keep", "hand over"] | Mapping[str, Any]


@dataclass(frozen=True)
class Trace:
    """`by` is the look-up from the table to the person: a foreign key, `email` (an address of theirs) or
    `principal` (the name under which `core.reads` and stored answers know them).

    `shows` are the columns of a copy: what tells of the person, not of others. `fate`: the row is deleted; kept
    as it is (it leads to an account that tells nothing any more); handed over to a colleague; or kept with the
    columns named set to the values given.
    """

    model: str
    by: str
    share: Any
    shows: tuple[str, ...]
    fate: Fate = "keep"
    named: Any = ""
    sides: str = ""
    """Of what is handed over: the look-up from the table to the organisations it belongs to."""

    @property
    def table(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def name(self) -> str:
        """The name of its section in the copy."""
        return f"{self.model}.{self.by}"

    @property
    def label(self) -> str:
        plural = self.named or next(
            (k.plural for k in kinds.all_kinds() if k.model is self.table), self.model
        )
        return f"{plural} · {self.share}"


_YOURS = pgettext_lazy("in a copy of one's data", "yours")
_ASKED = pgettext_lazy("in a copy of one's data", "asked for by you")
_INVITED = pgettext_lazy("in a copy of one's data", "asked for by others")
_KEPT = pgettext_lazy("in a copy of one's data", "you answer for")
_WROTE = pgettext_lazy("in a copy of one's data", "written or recorded by you")
_CHECKED = pgettext_lazy("in a copy of one's data", "reviewed or decided by you")


def _own(model: str, by: str, *shows: str, fate: Fate = "delete", named: Any = "") -> Trace:
    return Trace(model, by, _YOURS, shows, fate, named)


def _kept(model: str, sides: str, *shows: str) -> Trace:
    return Trace(model, "owner", _KEPT, (*shows, "created_at"), "hand over", sides=sides)


def _wrote(model: str, by: str, *shows: str, named: Any = "") -> Trace:
    return Trace(model, by, _WROTE, shows, "keep", named)


def _checked(model: str, by: str, *shows: str, named: Any = "") -> Trace:
    return Trace(model, by, _CHECKED, shows, "keep", named)


_TEXTS = _("Texts")
_OPENED = _("Records you opened")
_MEETING = ("event", "slot", "table", "language", "status")

TRACES: tuple[Trace, ...] = (
    # The account itself is not here: `actions.erasing` empties it, `queries` shows it first.
    _own("account.EmailAddress", "user", "email", "verified", "primary", named=_("E-mail address")),
    _own("mfa.Authenticator", "user", "type", "created_at", "last_used_at", named=_("Second factor and passkeys")),
    _own("usersessions.UserSession", "user", "ip", "user_agent", "created_at", "last_seen_at",
         named=_("Where you are signed in")),
    _own("accounts.ApiToken", "user", "name", "scope", "created_at", "expires_at", "last_used_on", "revoked_at"),
    _own("accounts.NodeRole", "user", "role", "created_at"),
    _checked("accounts.NodeRole", "granted_by", "role", "created_at"),
    _own("accounts.Membership", "user", "organisation", "role", "office", "status", "created_at", "updated_at"),
    _checked("accounts.Membership", "decided_by", "organisation", "role", "status", "updated_at"),
    _own("accounts.Invitation", "email", "email", "name", "organisation", "role", "language", "status", "created_at",
         "expires_at"),
    _own("accounts.Invitation", "accepted_by", "organisation", "role", "updated_at"),
    _wrote("accounts.Invitation", "invited_by", "organisation", "role", "status", "created_at"),
    _own("accounts.AccessRequest", "email", "email", "name", "organisation_name", "country_code", "message", "language",
         "status", "created_at"),
    _checked("accounts.AccessRequest", "decided_by", "status", "updated_at"),
    _own("accounts.Notice", "user", "kind", "created_at", "read_at", named=_("Notices")),
    _own("core.ReadTally", "principal", "day", "number", named=_OPENED),
    _own("core.ReadMark", "principal", "day", "object_id", named=_OPENED),
    _own("core.IdempotentAnswer", "principal", "key", "status", "created_at", named=_("Answers kept for programs")),
    _own("persons.DataCopy", "user", "created_at", "expires_at"),
    # Events
    _own("events.Participant", "user", "event", "organisation", "listing", "languages", "is_online", "max_meetings",
         "status", "consent_listed", "checked_in_at", "created_at",
         fate={"languages": [], "listing": None, "max_meetings": None, "consent_listed": False,
               "checked_in_at": None, "feed_hash": ""}),
    Trace("events.MeetingRequest", "requester__user", _ASKED,
          ("event", "strength", "listing", "message", "language", "status", "created_at"),
          {"message": "", "language": ""}),
    Trace("events.MeetingRequest", "invitee__user", _INVITED,
          ("event", "answer_strength", "listing", "status", "decline_reason", "answer", "created_at"), {"answer": ""}),
    Trace("events.Meeting", "request__requester__user", _ASKED, _MEETING),
    Trace("events.Meeting", "request__invitee__user", _INVITED, _MEETING),
    _own("events.Outcome", "participant__user", "kind", "rating", "note", "asked_after_months", "answered_at",
         fate={"note": ""}),
    _own("events.Interpreter", "user", "event", "name", "languages", fate={"name": ERASED}),
    _kept("events.Event", "hosts", "series", "status", "starts_at"),
    _checked("events.EventText", "reviewed_by", "title", "language", named=_TEXTS),
    _wrote("events.ScheduleRun", "started_by", "event", "status", "created_at"),
    # Exchange
    _kept("exchange.Listing", "organisation", "reference", "status"),
    _own("exchange.ListingContact", "email", "listing", "name", "email", "phone", "note",
         fate={"name": "", "email": "", "phone": "", "note": ""}, named=_("Contact")),
    _checked("exchange.ListingTeaser", "reviewed_by", "title", "language", named=_TEXTS),
    _checked("exchange.ListingDetail", "reviewed_by", "language", named=_TEXTS),
    _wrote("exchange.Review", "reviewer", "listing", "comment", "decision", "created_at", named=_("Review")),
    _wrote("exchange.Interest", "sender", "listing", "organisation", "cooperation_sought", "open_questions", "about_us",
           "status", "created_at"),
    _checked("exchange.Interest", "answered_by", "listing", "status", "answer", "answered_at"),
    # Cooperation
    _kept("agreements.Agreement", "parties__organisation", "kind", "status", "signed_on"),
    _checked("agreements.AgreementText", "reviewed_by", "title", "language", named=_TEXTS),
    _checked("agreements.AgreementBody", "reviewed_by", "language", named=_TEXTS),
    _wrote("agreements.Party", "recorded_by", "organisation", "signatory", "signatory_office", "signed_on",
           named=_("Signatures")),
    _wrote("agreements.Party", "consented_by", "organisation", "consented_version", "consented_on",
           named=_("Consents to wordings")),
    _kept("cooperation.Case", "parties", "title", "status"),
    _kept("cooperation.Project", "parties__organisation", "status"),
    _kept("cooperation.Facility", "hosts", "kind", "status"),
    _checked("cooperation.FacilityText", "reviewed_by", "name", "language", named=_TEXTS),
    _checked("cooperation.ProjectText", "reviewed_by", "title", "language", named=_TEXTS),
    _wrote("cooperation.Opening", "asked_by", "kind", "status", "created_at", named=_("Consents to make public")),
    _wrote("cooperation.OpeningParty", "consented_by", "organisation", "consented_on",
           named=_("Consents to make public")),
    _wrote("cooperation.Result", "reported_by", "title", "status", "achieved_on"),
    _checked("cooperation.Result", "validated_by", "title", "decided_on"),
    # The directory and the node
    _kept("directory.Organisation", "pk", "name", "status"),
    _checked("directory.OrganisationText", "reviewed_by", "language", named=_TEXTS),
    _checked("directory.Verification", "checked_by", "organisation", "criterion", "evidence", "checked_at",
             named=_("Criteria")),
    _wrote("core.StoredFile", "uploaded_by", "name", "media_type", "size_bytes", "created_at", named=_("Files")),
    _wrote("core.ImportRun", "started_by", "format", "file_name", "status", "created_at"),
    _wrote("core.Link", "created_by", "source_kind", "relation", "target_kind", "created_at", named=_("Links")),
    _wrote("observatory.Release", "released_by", "year", "version", "as_of"),
)  # fmt: skip
