"""Ways into the network: an invitation to an organisation, or a request that a steward decides."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts import policies
from serai.accounts.models import AccessRequest, Invitation, Membership, NodeRole, User
from serai.accounts.notices import notify
from serai.accounts.secrets import hash_of, new_secret
from serai.core import audit, mail
from serai.core.errors import Conflict, Invalid, NotAllowed, NotFound
from serai.core.kinds import kind_named

INVITATION_LIFE = timedelta(days=14)
ANSWER_WITHIN = timedelta(days=7)
MANAGING = (Membership.Role.MANAGER,)


def _may_manage(user: User, organisation_id: UUID) -> bool:
    managed = policies.organisation_ids(user, *MANAGING)
    return managed.filter(organisation_id=organisation_id).exists() or policies.is_secretariat(user)


@transaction.atomic
def invite(
    *, by: User, organisation_id: UUID, email: str, role: str, language: str = "en", name: str = ""
) -> Invitation:
    """Invite somebody into an organisation, by letter. A new invitation to the same address ends the old one.

    `name` is the person's, if known; they may write it otherwise when they join.

    Raises NotAllowed unless `by` manages the organisation, Invalid for an unknown role.
    """
    if not _may_manage(by, organisation_id):
        raise NotAllowed(_("Only managers of an organisation invite people into it."))
    if role not in Membership.Role.values:
        raise Invalid(_("Choose a role."), fields={"role": _("Choose a role.")})
    return _send_invitation(
        by=by,
        organisation_id=organisation_id,
        email=email.strip().lower(),
        role=role,
        language=language,
        name=name,
    )


def _send_invitation(
    *, by: User, organisation_id: UUID, email: str, role: str, language: str, name: str
) -> Invitation:
    Invitation.objects.filter(
        email=email, organisation_id=organisation_id, status=Invitation.Status.SENT
    ).update(status=Invitation.Status.REVOKED)
    secret = new_secret("join")
    invitation = Invitation.objects.create(
        email=email,
        name=name.strip(),
        organisation_id=organisation_id,
        role=role,
        language=language,
        secret_hash=hash_of(secret),
        expires_at=timezone.now() + INVITATION_LIFE,
        invited_by=by,
    )
    audit.record(actor=by, action="accounts.invited", obj=invitation, data={"role": role})
    mail.post(
        letter="accounts.invitation",
        to=email,
        language=language,
        values={
            "inviter": by.name,
            "organisation": invitation.organisation.name,
            "url": settings.CONFIG.base_url + reverse("invitation", args=[secret]),
        },
        key=f"invitation:{invitation.pk}",
    )
    return invitation


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User) -> Invitation:
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not _may_manage(by, invitation.organisation_id):
        raise NotAllowed(_("Only managers of an organisation withdraw its invitations."))
    if invitation.status != Invitation.Status.SENT:
        raise Conflict(_("This invitation has already been answered."))
    invitation.status = Invitation.Status.REVOKED
    invitation.save()
    audit.record(actor=by, action="accounts.invitation_revoked", obj=invitation)
    return invitation


def open_invitation(secret: str) -> Invitation:
    """The invitation a secret opens. Raises NotFound for unknown, used, withdrawn and expired ones alike."""
    invitation = (
        Invitation.objects.select_related("organisation", "invited_by")
        .filter(secret_hash=hash_of(secret), status=Invitation.Status.SENT, expires_at__gt=timezone.now())
        .first()
    )
    if invitation is None:
        raise NotFound("Not found.")
    return invitation


@transaction.atomic
def accept_invitation(*, secret: str, by: User | None, name: str = "", password: str = "") -> User:
    """Join by an invitation: as the person signed in (whose address it must be), or with a new account.

    The letter proves the address, so the new account's address counts as confirmed.
    """
    invitation = Invitation.objects.select_for_update().get(pk=open_invitation(secret).pk)
    if invitation.status != Invitation.Status.SENT:
        raise NotFound("Not found.")
    if by is None:
        if User.objects.filter(email__iexact=invitation.email).exists():
            raise Conflict(_("You have an account already: sign in, then open the invitation again."))
        by = _new_account(invitation.email, name, password, invitation.language)
    elif by.email.lower() != invitation.email:
        raise NotAllowed(_("This invitation was sent to another address."))
    Membership.objects.get_or_create(
        user=by,
        organisation_id=invitation.organisation_id,
        role=invitation.role,
        status=Membership.Status.ACTIVE,
        defaults={"decided_by": invitation.invited_by},
    )
    invitation.status = Invitation.Status.ACCEPTED
    invitation.accepted_by = by
    invitation.save()
    audit.record(actor=by, action="accounts.invitation_accepted", obj=invitation)
    return by


def _new_account(email: str, name: str, password: str, language: str) -> User:
    fields: dict[str, Any] = {}
    if not name.strip():
        fields["name"] = _("Enter your name.")
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        fields["password"] = " ".join(error.messages)
    if fields:
        raise Invalid(_("Please check your entries."), fields=fields)
    user = User.objects.create_user(email, password, name=name.strip(), language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def request_access(
    *, email: str, name: str, organisation_name: str, country_code: str, message: str, language: str
) -> None:
    """Ask to join the network. Says the same whether the address is known or not; a steward decides."""
    address = email.strip().lower()
    open_already = AccessRequest.objects.filter(email=address, status=AccessRequest.Status.OPEN).exists()
    if open_already or User.objects.filter(email__iexact=address).exists():
        return
    request = AccessRequest.objects.create(
        email=address,
        name=name.strip(),
        organisation_name=organisation_name.strip(),
        country_code=country_code,
        message=message.strip(),
        language=language,
        due_on=timezone.localdate() + ANSWER_WITHIN,
    )
    audit.record(actor=None, action="accounts.access_requested", obj=request)


@transaction.atomic
def decide_access_request(
    *, request: AccessRequest, by: User, accept: bool, organisation_id: UUID | None = None
) -> AccessRequest:
    """A steward answers. Accepting invites the person as manager of `organisation_id`, which exists already
    (the page that calls this makes a draft of it first where it is new: organisations live above accounts).
    """
    request = AccessRequest.objects.select_for_update().get(pk=request.pk)
    if not policies.is_steward(by):
        raise NotAllowed(_("Only stewards decide about requests to join."))
    if request.status != AccessRequest.Status.OPEN:
        raise Conflict(_("This request has already been answered."))
    if accept and organisation_id is None:
        missing = _("Choose the organisation, or make a draft of it.")
        raise Invalid(missing, fields={"organisation": missing})
    request.status = AccessRequest.Status.ACCEPTED if accept else AccessRequest.Status.REFUSED
    request.decided_by = by
    request.due_on = None
    request.save()
    audit.record(actor=by, action="accounts.access_decided", obj=request, data={"accepted": accept})
    if accept and organisation_id is not None:
        _send_invitation(
            by=by,
            organisation_id=organisation_id,
            email=request.email,
            role=Membership.Role.MANAGER,
            language=request.language,
            name=request.name,
        )
    return request


@transaction.atomic
def request_membership(*, by: User, organisation_id: UUID, role: str = Membership.Role.MEMBER) -> Membership:
    """Ask to join an organisation one sees in the directory; its managers decide."""
    if role not in Membership.Role.values:
        raise Invalid(_("Choose a role."), fields={"role": _("Choose a role.")})
    if not kind_named("organisation").visible(by).filter(pk=organisation_id).exists():
        raise NotFound(_("Not found."))
    existing = Membership.objects.filter(
        user=by, organisation_id=organisation_id, status__in=["requested", "active"]
    ).exists()
    if existing:
        raise Conflict(_("You have asked already, or belong to it."))
    membership = Membership.objects.create(user=by, organisation_id=organisation_id, role=role)
    audit.record(actor=by, action="accounts.membership_requested", obj=membership)
    for manager in _managers(organisation_id):
        notify(
            user=manager,
            kind="accounts.membership_requested",
            obj=membership,
            values={"person": by.name, "organisation": membership.organisation.name},
            url=reverse("colleagues", args=[organisation_id]),
            key=f"membership:{membership.pk}",
        )
    return membership


def _managers(organisation_id: UUID) -> list[User]:
    managing = Membership.objects.filter(
        organisation_id=organisation_id, role__in=MANAGING, status=Membership.Status.ACTIVE
    )
    return list(User.objects.filter(pk__in=managing.values("user_id"), is_active=True)[:20])


@transaction.atomic
def decide_membership(*, membership: Membership, by: User, accept: bool) -> Membership:
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    if not _may_manage(by, membership.organisation_id):
        raise NotAllowed(_("Only managers of an organisation decide who belongs to it."))
    if membership.status != Membership.Status.REQUESTED:
        raise Conflict(_("This request has already been answered."))
    membership.status = Membership.Status.ACTIVE if accept else Membership.Status.REFUSED
    membership.decided_by = by
    membership.save()
    audit.record(actor=by, action="accounts.membership_decided", obj=membership, data={"accepted": accept})
    notify(
        user=membership.user,
        kind="accounts.membership_accepted" if accept else "accounts.membership_refused",
        obj=membership,
        values={"organisation": membership.organisation.name},
        url=reverse("settings"),
        key=f"membership-decided:{membership.pk}",
    )
    return membership


@transaction.atomic
def leave(*, membership: Membership, by: User) -> Membership:
    """End a membership: the person themselves, or a manager. The last manager stays until there is another."""
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    if membership.user_id != by.pk and not _may_manage(by, membership.organisation_id):
        raise NotAllowed(_("Only the person or a manager ends a membership."))
    if membership.status != Membership.Status.ACTIVE:
        raise Conflict(_("This membership has ended already."))
    if membership.role in MANAGING and len(_managers(membership.organisation_id)) == 1:
        raise Conflict(_("An organisation needs a manager; name another one first."))
    membership.status = Membership.Status.LEFT
    membership.decided_by = by
    membership.save()
    audit.record(actor=by, action="accounts.membership_ended", obj=membership)
    return membership


@transaction.atomic
def grant_node_role(*, user: User, role: str, by: User | None) -> NodeRole:
    """Give a role for the whole node. `by` None means the operator at the command line."""
    if by is not None and not policies.is_secretariat(by):
        raise NotAllowed(_("Only the secretariat gives roles for the node."))
    granted, is_new = NodeRole.objects.get_or_create(user=user, role=role, defaults={"granted_by": by})
    if is_new:
        audit.record(actor=by, action="accounts.node_role_granted", obj=granted, data={"role": role})
    return granted
