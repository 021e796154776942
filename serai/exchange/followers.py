"""What this app does when something happened in the apps below: it reads their entries in the log."""

from serai.core import audit
from serai.core.models import AuditEntry
from serai.directory.models import Organisation
from serai.exchange.actions import succession


@audit.follow("exchange.pass_listings", ["directory.organisation_ended", "directory.organisation_relisted"])
def follow_successions(entry: AuditEntry) -> None:
    """With a merger the listings pass to the successor; when it is undone they come back."""
    data = audit.entry_data(entry)
    old = Organisation.objects.filter(pk=entry.object_id).first()
    if old is None or not data.get("successor"):
        return
    new = Organisation.objects.get(pk=data["successor"])
    if entry.action == "directory.organisation_relisted":
        succession.pass_back(old=old, new=new)
    elif data["ending"] == Organisation.Status.MERGED:
        succession.pass_listings(old=old, new=new)
