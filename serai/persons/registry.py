"""What this app registers with `core`: the kind, the notice, the file that leaves."""

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from serai.accounts.notices import declare
from serai.core import kinds
from serai.persons import policies
from serai.persons.models import DataCopy


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
