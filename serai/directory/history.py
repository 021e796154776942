"""What happened to an organisation's entry, for those who keep it."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy, pgettext

from serai.accounts import policies as accounts
from serai.core import ui
from serai.core.history import history
from serai.core.viewer import Viewer
from serai.directory import policies
from serai.directory.models import Organisation

DECIDED: Mapping[str, object] = {
    "directory.organisation_entered": gettext_lazy("entered the organisation"),
    "directory.verification_taken_up": gettext_lazy("took up the verification"),
    "directory.organisation_verified": gettext_lazy("verified the organisation"),
    "directory.organisation_returned": gettext_lazy("sent the entry back to its managers"),
    "directory.organisation_suspended": gettext_lazy("suspended the organisation"),
    "directory.organisation_reinstated": gettext_lazy("ended the suspension"),
    "directory.organisation_ended": gettext_lazy("recorded the end of the organisation"),
    "directory.organisation_relisted": gettext_lazy("listed the organisation again"),
}
"""What only stewards do. The words complete "Ana …"."""

KEPT: Mapping[str, object] = {
    "directory.organisation_registered": gettext_lazy("registered the organisation"),
    "directory.organisation_submitted": gettext_lazy("submitted the entry for verification"),
    "directory.organisation_updated": gettext_lazy("changed the entry"),
    "directory.name_added": gettext_lazy("added a name"),
    "directory.name_removed": gettext_lazy("removed a name"),
    "directory.name_shown": gettext_lazy("chose the name that is shown first"),
    "directory.text_written": gettext_lazy("wrote the description"),
    "directory.text_removed": gettext_lazy("removed a description"),
    "directory.identifier_added": gettext_lazy("added an identifier"),
    "directory.identifier_removed": gettext_lazy("removed an identifier"),
    "directory.label_added": gettext_lazy("added a label"),
    "directory.label_removed": gettext_lazy("removed a label"),
    "directory.relation_added": gettext_lazy("added a relation"),
    "directory.relation_removed": gettext_lazy("removed a relation"),
}
"""What managers do, and stewards for them."""


def history_of(viewer: Viewer, organisation: Organisation) -> list[ui.Entry]:
    """Nothing for strangers. Members read who of their colleagues did what, stewards who did it, whoever it was."""
    if not policies.may_see_history(viewer, organisation):
        return []
    people = None if accounts.is_steward(viewer) else accounts.visible_people(viewer)
    return history(
        viewer, "organisation", organisation.pk, {**DECIDED, **KEPT}, people=people, others=_unnamed
    )


def _unnamed(action: str) -> str:
    if action in DECIDED:
        return pgettext("whose name is not shown", "A steward")
    return pgettext("whose name is not shown", "Somebody")
