"""What every action on an agreement begins with."""

from django.utils.translation import gettext as _

from serai.accounts.models import User
from serai.accounts.notices import notify
from serai.agreements import policies, queries
from serai.agreements.models import Agreement
from serai.core.errors import NotAllowed, NotFound

S = Agreement.Status
OPEN = [S.DRAFT, S.UNDER_REVIEW, S.NEGOTIATION]
"""While an agreement is in one of these its terms and wording can change."""


def locked(agreement: Agreement) -> Agreement:
    return Agreement.objects.select_for_update().get(pk=agreement.pk)


def locked_for(agreement: Agreement, by: User) -> Agreement:
    """Lock the agreement, and make sure that `by` acts for one of its parties.

    Raises NotFound for whoever may not know of it, NotAllowed for whoever may only read it.
    """
    if not policies.visible_agreements(by).filter(pk=agreement.pk).exists():
        raise NotFound(_("Not found."))
    if not policies.may_act(by, agreement):
        raise NotAllowed(_("Only those who act for one of the parties can do this."))
    return locked(agreement)


def tell_parties(agreement: Agreement, *, kind: str, key: str, but: User | None = None) -> None:
    """Post one notice to everybody who acts for a party, except the person who caused it."""
    title, _language = queries.title_of(agreement)
    for person in queries.people_of(agreement.parties.all()):
        if but is None or person.pk != but.pk:
            notify(
                user=person,
                kind=kind,
                obj=agreement,
                values={"title": title},
                url=f"/build/agreements/{agreement.pk}/",
                key=f"{key}:{agreement.pk}",
            )


def ask_consent_again(agreement: Agreement, by: User) -> None:
    """Called after a change of terms or texts: tell the parties whose consent was to the version before it."""
    before = agreement.wording_version
    agreement.refresh_from_db(fields=["wording_version"])
    now = agreement.wording_version
    if now > before and agreement.parties.filter(consented_version=before).exists():
        key = f"agreements.wording_changed:{now}"
        tell_parties(agreement, kind="agreements.wording_changed", key=key, but=by)
