"""What this app registers with `core`: the kind, the notice, the file that leaves."""

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from serai.accounts.notices import declare
from serai.core import kinds, policy
from serai.persons import policies
from serai.persons.models import DataCopy
from serai.persons.traces import TRACES


def _card(copy: DataCopy) -> kinds.Card:
    return kinds.Card("data_copy", copy.pk, gettext("Copy of your data"), reverse("own_data"))


kinds.register(
    kinds.Kind(
        "data_copy",
        pgettext_lazy("kind", "Copy of one's data"),
        pgettext_lazy("kind", "Copies of one's data"),
        DataCopy,
        policies.own_copies,
        _card,
    )
)
declare("persons.copy_written", _("The copy of your data is there, for a day."), icon="download")

for _section in (
    "accounts.User",
    *(trace.name for trace in TRACES),
    "agreements.Party.signatory",
    "core.OutboxMessage.to",
    "core.AuditEntry",
):
    policy.door("file", f"my-data.{_section}", "persons.own_copies")
