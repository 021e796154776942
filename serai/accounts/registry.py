"""What this app registers with `core`: kinds, places in the navigation, notices, letters, duties."""

from collections.abc import Callable, Iterable

from django.db.models import Model
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from serai.accounts import policies
from serai.accounts.models import AccessRequest, ApiToken, Invitation, Membership, NodeRole, User
from serai.accounts.notices import declare, news_of
from serai.core import context, duties, kinds, mail, policy, today
from serai.core.text import isolated
from serai.core.viewer import Viewer, id_of

mail.declare(
    "accounts.invitation",
    subject=_("{inviter} invites you to join {organisation}"),
    body=_(
        "{inviter} invites you to join {organisation} on Serai, the network for international innovation "
        "cooperation. There you can publish what it offers or looks for, and answer for it.\n\n"
        "The invitation is yours alone and ends in 14 days. If you do nothing, nothing happens."
    ),
    action=_("Open the invitation"),
    foot=_(
        "You get this letter because {inviter} gave your address. If you do not know them, you need do nothing; "
        "you get no other letter."
    ),
    fields={
        "inviter": "core.public",
        "organisation": "core.public",
        "url": "accounts.sign_in",
    },
)

declare(
    "accounts.membership_requested",
    _("{person} asks to join {organisation}."),
    icon="person",
    step=_("Answer the request"),
    otherwise=_("Until you answer, the person can neither publish nor answer for your organisation."),
    because=_("You get this letter because you manage this organisation."),
)
declare(
    "accounts.membership_accepted",
    _("You now belong to {organisation}."),
    icon="check-lg",
    because=_("You get this letter because you asked to join this organisation."),
)
declare(
    "accounts.membership_refused",
    _("Your request to join {organisation} was not accepted."),
    icon="x-lg",
    otherwise=_("If you think this is a mistake, talk to the people who manage it."),
    because=_("You get this letter because you asked to join this organisation."),
)

context.register_place(
    context.Place(
        "settings", pgettext_lazy("place", "Settings"), "settings", "gear", 90, policy.signed_in, foot=True
    )
)


def _person(user: User) -> kinds.Card:
    return kinds.Card("person", user.pk, user.name, reverse("settings"))


def _plain_card(name: str) -> Callable[[Model], kinds.Card]:
    return lambda obj: kinds.Card(name, obj.pk, str(obj), reverse("settings"))


kinds.register(
    kinds.Kind(
        "person",
        pgettext_lazy("kind", "Person"),
        pgettext_lazy("kind", "People"),
        User,
        policies.visible_people,
        _person,
    )
)
for _name, _label, _plural, _model, _visible in (
    ("membership", _("Membership"), _("Memberships"), Membership, policies.visible_memberships),
    ("invitation", _("Invitation"), _("Invitations"), Invitation, policies.visible_invitations),
    ("token", _("Token"), _("Tokens"), ApiToken, policies.own_tokens),
    ("node_role", _("Role"), _("Roles"), NodeRole, policies.visible_node_roles),
    (
        "access_request",
        _("Request to join"),
        _("Requests to join"),
        AccessRequest,
        policies.visible_access_requests,
    ),
):
    kinds.register(kinds.Kind(_name, _label, _plural, _model, _visible, _plain_card(_name)))


@duties.source
def _organisation_to_join(viewer: Viewer) -> Iterable[duties.Duty]:
    """The first step of somebody new: without an organisation one reads and searches, and no more."""
    if not viewer.is_authenticated or policies.is_steward(viewer):
        return
    alive = [Membership.Status.ACTIVE, Membership.Status.REQUESTED]
    if not Membership.objects.filter(user_id=id_of(viewer), status__in=alive).exists():
        yield duties.Duty(
            what=_("Join your organisation"),
            title=gettext(
                "Find it in the network and ask to join, or register it. Then you can publish and answer."
            ),
            url=reverse("organisation_list"),
            due_on=None,
            kind="organisation",
        )


@duties.source
def _requests_to_decide(viewer: Viewer) -> Iterable[duties.Duty]:
    waiting = policies.visible_access_requests(viewer).filter(status=AccessRequest.Status.OPEN)
    url = reverse("access_requests")
    for request in waiting.order_by("due_on", "created_at")[: duties.MOST]:
        yield duties.Duty(
            what=_("Answer the request to join"),
            title=request.name,
            url=f"{url}?{urlencode({'q': request.email})}",
            due_on=request.due_on,
            kind="access_request",
            about=[request.organisation_name, request.email],
            many=duties.Many(_("Answer the requests to join"), url),
        )


@duties.source
def _memberships_to_decide(viewer: Viewer) -> Iterable[duties.Duty]:
    waiting = policies.memberships_to_decide(viewer).select_related("user", "organisation")
    for membership in waiting.order_by("created_at")[: duties.MOST]:
        house = membership.organisation
        url = reverse("colleagues", args=[house.pk])
        yield duties.Duty(
            what=_("Answer the request to join {organisation}").format(organisation=isolated(house.name)),
            title=membership.user.name,
            url=url,
            due_on=None,
            kind="membership",
            about=[membership.user.email],
            many=duties.Many(
                _("Answer the requests to join {organisation}").format(organisation=isolated(house.name)), url
            ),
        )


@today.source
def _notices(viewer: Viewer) -> Iterable[today.News]:
    return news_of(list(policies.own_notices(viewer).order_by("-created_at")[: today.MOST_NEWS]), viewer)
