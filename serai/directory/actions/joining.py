"""Answering somebody who asks to join: into an organisation of the directory, or a draft of a new one."""

from django.db import transaction
from django.utils.translation import gettext as _

from serai.accounts import actions as accounts
from serai.accounts import policies as people
from serai.accounts.models import AccessRequest, User
from serai.core import audit
from serai.core.errors import NotAllowed
from serai.directory import names, places
from serai.directory.models import Organisation, OrganisationName


@transaction.atomic
def accept_access_request(
    *, request: AccessRequest, by: User, organisation: Organisation | None
) -> AccessRequest:
    """Invite the person as manager of `organisation`, or of a draft of the organisation they named.

    Raises NotAllowed unless `by` is a steward, Conflict if the request was answered already.
    """
    if not people.is_steward(by):
        raise NotAllowed(_("Only stewards decide about requests to join."))
    home = organisation or _draft(request, by)
    return accounts.decide_access_request(request=request, by=by, accept=True, organisation_id=home.pk)


def _draft(request: AccessRequest, by: User) -> Organisation:
    text = names.clean_name(request.organisation_name)
    organisation = Organisation.objects.create(
        name=text, name_language=request.language, country=places.in_country(request.country_code)
    )
    OrganisationName.objects.create(
        organisation=organisation,
        text=text,
        language=request.language,
        kind=OrganisationName.Kind.LABEL,
        skeleton=names.skeleton(text),
    )
    audit.record(actor=by, action="directory.organisation_entered", obj=organisation)
    return organisation
