"""What people are told of what `core` records: it knows no notices, so this app reads its log."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from serai.accounts.models import NodeRole, User
from serai.accounts.notices import declare, notify
from serai.core import audit, kinds
from serai.core.models import AuditEntry, ImportRun

S = ImportRun.Status
_WATCHING = (NodeRole.Role.STEWARD, NodeRole.Role.SECRETARIAT)
TELL_AFTER_S = 5
"""Who waited no longer than this sees the result on the page that is still open."""

_IMPORTED = _("You get this letter because you began this import, and it took a while.")
_WATCHES = _("You get this letter because you watch over the records of this node.")

declare(
    "accounts.import_tried",
    _("{file} was tried: look at what would be new before you take it in."),
    icon="upload",
    step=_("Look at what would be new"),
    otherwise=_("Until you take it in, nothing changes."),
    because=_IMPORTED,
)
declare("accounts.import_taken_in", _("{file} was taken in."), icon="check-lg", because=_IMPORTED)
declare(
    "accounts.import_refused",
    _("{file} was refused; the reason stands with it."),
    icon="x-lg",
    because=_IMPORTED,
)
declare(
    "accounts.import_taken_back",
    _("The import of {file} was taken back."),
    icon="arrow-counterclockwise",
    because=_IMPORTED,
)
declare(
    "accounts.import_stays",
    _("The import of {file} could not be taken back; it says why."),
    icon="x-lg",
    because=_IMPORTED,
)

declare(
    "accounts.read_budget_used",
    _(
        "{person} opened more different records on {day} than the {limit} one person may; the rest stays shut today."
    ),
    icon="eye",
    step=_("See who opened how many"),
    otherwise=_("Nothing else happens by itself: what one person may open in a day is kept to the limit."),
    because=_WATCHES,
)
declare(
    "accounts.read_budget_of_address",
    _(
        "From the address of {person} many more different records were opened on {day} than one person may ({limit})."
    ),
    icon="eye",
    step=_("See who opened how many"),
    otherwise=_("An address is never shut out: an office, or a proxy, may stand behind it."),
    because=_WATCHES,
)

_SAID = {
    (S.CHECKING, S.CHECKED): "accounts.import_tried",
    (S.CHECKING, S.REFUSED): "accounts.import_refused",
    (S.RUNNING, S.DONE): "accounts.import_taken_in",
    (S.RUNNING, S.REFUSED): "accounts.import_refused",
    (S.UNDOING, S.UNDONE): "accounts.import_taken_back",
    (S.UNDOING, S.DONE): "accounts.import_stays",
}


@audit.follow("accounts.tell_of_imports", ["core.import_ended"])
def tell_of_import(entry: AuditEntry) -> None:
    """Tell who began an import that a step of it has ended, if it took longer than one looks at a page."""
    data = audit.entry_data(entry)
    run = ImportRun.objects.filter(pk=entry.object_id).first()
    user = User.objects.filter(pk__in=[run.started_by_id], is_active=True).first() if run else None
    if run is None or user is None or data["seconds"] < TELL_AFTER_S:
        return
    notify(
        user=user,
        kind=_SAID[S(data["step"]), S(data["status"])],
        obj=run,
        values={"file": run.file_name},
        url=kinds.kind_of(run).card(run).url,
        key=f"import:{entry.pk}",
    )


@audit.follow("accounts.tell_of_reads", ["core.read_budget_used"])
def tell_of_reads(entry: AuditEntry) -> None:
    """Tell stewards and the secretariat that somebody opens records as nobody does who works with them."""
    data = audit.entry_data(entry)
    reader = User.objects.filter(pk=entry.object_id).first()
    if reader is None:
        return
    kind = "accounts.read_budget_used" if data["principal"] == "user" else "accounts.read_budget_of_address"
    for steward in User.objects.filter(node_roles__role__in=_WATCHING, is_active=True).distinct():
        notify(
            user=steward,
            kind=kind,
            obj=steward,  # what it says is for the stewards; it opens no record of somebody else
            values={"person": reader.name, "day": data["day"], "limit": data["limit"]},
            url=reverse("read_tallies"),
            key=f"reads:{entry.pk}",
        )
