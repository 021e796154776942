"""Pages of a person's own account, and the ways in."""

from datetime import timedelta
from typing import cast
from uuid import UUID

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from babel import Locale
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from serai.accounts import actions, policies
from serai.accounts.actions.joining import open_invitation
from serai.accounts.forms import AcceptForm, InviteForm, JoinForm, PreferencesForm, TokenForm
from serai.accounts.models import AccessRequest, Invitation, Membership, User
from serai.accounts.notices import news_of
from serai.core import policy, reads, today, ui
from serai.core.forms import with_errors
from serai.core.viewer import viewer_of

MOST_NOTICES = 1000
MOST_TALLIES = 200
PAGE = 200
"""Notices of a page before they are folded: a busy day of sixty is two lines."""


def user_of(request: HttpRequest) -> User:
    return cast(User, viewer_of(request))


def _answer(request: HttpRequest, template: str, context: dict[str, object], form: Form) -> HttpResponse:
    return render(request, template, {**context, "form": form}, status=422 if form.errors else 200)


# --- settings -----------------------------------------------------------------------------------------------------


@policy.route("core.signed_in")
def settings(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    initial = {name: getattr(user, name) for name in PreferencesForm.base_fields}
    form = PreferencesForm(request.POST or None, initial=initial)
    if (
        request.method == "POST"
        and form.is_valid()
        and with_errors(form, lambda: actions.save_preferences(by=user, **form.cleaned_data)) is not None
    ):
        messages.success(request, _("Saved."))
        response = redirect("settings")
        response.set_cookie(
            "serai_language", form.cleaned_data["language"], max_age=31_536_000, samesite="Lax"
        )
        return response
    context: dict[str, object] = {
        "memberships": policies.visible_memberships(user)
        .filter(user=user, status__in=[Membership.Status.ACTIVE, Membership.Status.REQUESTED])
        .select_related("organisation"),
        "manager": Membership.Role.MANAGER,
        "is_steward": policies.is_steward(user),
    }
    return _answer(request, "accounts/settings.html", context, form)


@policy.route("accounts.own_tokens")
def tokens(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = TokenForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        end = timezone.now() + timedelta(days=form.cleaned_data["days"])
        made = with_errors(
            form,
            lambda: actions.create_token(
                by=user, name=form.cleaned_data["name"], scope=form.cleaned_data["scope"], expires_at=end
            ),
        )
        if made:
            secret = made[1]
            form = TokenForm()
    rows = policies.own_tokens(user).filter(revoked_at__isnull=True).order_by("-created_at")
    return _answer(request, "accounts/tokens.html", {"tokens": rows, "secret": secret}, form)


@policy.route("accounts.own_tokens")
@require_POST
def token_revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    token = get_object_or_404(policies.own_tokens(user_of(request)), pk=pk)
    actions.revoke_token(token=token, by=user_of(request))
    messages.success(request, _("The token no longer works."))
    return redirect("tokens")


# --- notices ------------------------------------------------------------------------------------------------------


@policy.route("accounts.own_notices")
def notice_list(request: HttpRequest) -> HttpResponse:
    """All of them, or with `?new=1` those that were not read, as days with a story for each record."""
    user, only_new, url = user_of(request), request.GET.get("new") == "1", reverse("notice_list")
    rows = policies.own_notices(user).order_by("-created_at")
    unread = rows.filter(read_at__isnull=True)[:MOST_NOTICES].count()
    found = rows.filter(read_at__isnull=True) if only_new else rows
    page = Paginator(found[:MOST_NOTICES], PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "days": today.by_day(news_of(list(page.object_list), user)),
        "boxes": [
            ui.Tab(pgettext("notices", "All"), url, not only_new),
            ui.Tab(pgettext("notices", "New"), f"{url}?new=1", only_new, unread or None),
        ],
        "only_new": only_new,
        "has_new": unread > 0,
        "show_all": ui.Action(_("All notices"), url, "bell"),
    }
    return render(request, "accounts/notices.html", context)


@policy.route("accounts.own_notices")
@require_http_methods(["GET", "POST"])
def notice_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a notice away, with the others that lead to the same page, and go there (a path stored when it was posted).

    A link like any other, so that it can be opened beside the list; nothing but the person's own view changes.
    """
    notice = get_object_or_404(policies.own_notices(user_of(request)), pk=pk)
    actions.mark_read(notice=notice, by=user_of(request))
    return redirect(notice.values.get("url", "/"))


@policy.route("accounts.own_notices")
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    actions.mark_all_read(by=user_of(request))
    return redirect("notice_list")


@policy.route("accounts.steward")
@require_safe
def read_tallies(request: HttpRequest) -> HttpResponse:
    """For the stewards: who opened very many records on a day, what that means and what one can do."""
    tallies = list(reads.over_limit()[:MOST_TALLIES])
    ids = {tally.principal: tally.principal.partition(":")[2] for tally in tallies}
    people = {
        f"user:{user.pk}": user
        for user in User.objects.filter(
            pk__in=[i for p, i in ids.items() if p.startswith("user:")]
        ).prefetch_related(Prefetch("memberships", _belonging(), to_attr="belongs_to"))
    }
    context = {
        "tallies": [(tally, people.get(tally.principal), ids[tally.principal]) for tally in tallies],
        "limit": reads.limit(),
        "days": reads.KEEP_DAYS,
    }
    return render(request, "accounts/read_tallies.html", context)


def _belonging() -> QuerySet[Membership]:
    active = Membership.objects.filter(status=Membership.Status.ACTIVE).select_related("organisation")
    return active.order_by("organisation__name", "role")


# --- colleagues ---------------------------------------------------------------------------------------------------


@policy.route("core.signed_in")
def colleagues(request: HttpRequest, organisation: UUID) -> HttpResponse:
    """Who belongs to an organisation, for its managers: requests to join, roles, invitations."""
    user = user_of(request)
    mine = get_object_or_404(
        policies.memberships(user).select_related("organisation"),
        organisation_id=organisation,
        role=Membership.Role.MANAGER,
    )
    form = InviteForm(request.POST or None, initial={"language": user.language})
    if (
        request.method == "POST"
        and form.is_valid()
        and with_errors(
            form, lambda: actions.invite(by=user, organisation_id=organisation, **form.cleaned_data)
        )
        is not None
    ):
        messages.success(request, _("The invitation is on its way."))
        return redirect("colleagues", organisation)
    context: dict[str, object] = {
        "organisation": mine.organisation,
        "members": policies.visible_memberships(user)
        .filter(organisation_id=organisation, status__in=["active", "requested"])
        .select_related("user")
        .order_by("status", "user__name"),
        "invitations": policies.visible_invitations(user).filter(
            organisation_id=organisation, status=Invitation.Status.SENT
        ),
    }
    return _answer(request, "accounts/colleagues.html", context, form)


@policy.route("core.signed_in")
@require_POST
def membership_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    membership = get_object_or_404(policies.visible_memberships(user_of(request)), pk=pk)
    accept = request.POST.get("answer") == "accept"
    actions.decide_membership(membership=membership, by=user_of(request), accept=accept)
    return redirect("colleagues", membership.organisation_id)


@policy.route("core.signed_in")
@require_POST
def membership_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    membership = get_object_or_404(policies.visible_memberships(user_of(request)), pk=pk)
    actions.leave(membership=membership, by=user_of(request))
    if membership.user_id == user_of(request).pk:
        return redirect("settings")
    return redirect("colleagues", membership.organisation_id)


@policy.route("core.signed_in")
@require_POST
def membership_request(request: HttpRequest, organisation: UUID) -> HttpResponse:
    """Ask to join an organisation; whether it may be seen is the directory's rule, asked by its page."""
    actions.request_membership(by=user_of(request), organisation_id=organisation)
    messages.success(request, _("Your request is with the managers of the organisation."))
    return redirect("settings")


@policy.route("core.signed_in")
@require_POST
def invitation_revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    invitation = get_object_or_404(policies.visible_invitations(user_of(request)), pk=pk)
    actions.revoke_invitation(invitation=invitation, by=user_of(request))
    return redirect("colleagues", invitation.organisation_id)


# --- ways in ------------------------------------------------------------------------------------------------------


@policy.route("accounts.sign_in")
def join(request: HttpRequest) -> HttpResponse:
    """Ask to join the network. The answer is the same whether the address is known or not."""
    form = JoinForm(request.POST or None, countries=_countries())
    if request.method == "POST" and form.is_valid():
        actions.request_access(language=get_language() or "en", **form.cleaned_data)
        return render(request, "accounts/join_done.html")
    return _answer(request, "accounts/join.html", {}, form)


def _countries() -> list[tuple[str, str]]:
    """ISO 3166 codes with their names in the language of the page, sorted as that language sorts."""
    names = Locale.parse((get_language() or "en").replace("-", "_"), sep="_").territories
    pairs = [
        (code, name)
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NOT_PLACES
    ]
    return sorted(pairs, key=lambda pair: pair[1])


_NOT_PLACES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "AC", "CP", "DG", "EA", "IC", "TA"}


@policy.route("accounts.sign_in")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Open an invitation: join as the person signed in, or make an account with the invited address."""
    invited = open_invitation(secret)
    if not request.COOKIES.get("serai_language"):
        translation.activate(invited.language)
    user = user_of(request) if viewer_of(request).is_authenticated else None
    form = AcceptForm(request.POST or None, initial={"name": invited.name})
    if request.method == "POST" and user is not None:
        actions.accept_invitation(secret=secret, by=user)
        return redirect("today")
    if request.method == "POST" and form.is_valid():
        new = with_errors(
            form, lambda: actions.accept_invitation(secret=secret, by=None, **form.cleaned_data)
        )
        if new:
            return cast(HttpResponse, perform_login(request, Login(user=new)))
    return _answer(request, "accounts/invitation.html", {"invitation": invited, "joins_as": user}, form)


@policy.route("accounts.access_requests")
def access_requests(request: HttpRequest) -> HttpResponse:
    rows = policies.visible_access_requests(user_of(request)).filter(status=AccessRequest.Status.OPEN)
    asked = request.GET.get("q", "").replace("\x00", "")[:100]
    for word in asked.split():
        says = Q(name__icontains=word) | Q(organisation_name__icontains=word) | Q(email__icontains=word)
        rows = rows.filter(says)
    countries = dict(_countries())
    shown = [
        (row, countries.get(row.country_code, "")) for row in rows.order_by("due_on", "created_at")[:200]
    ]
    context = {
        "requests": shown,
        "asked": asked,
        "show_all": ui.Action(_("Show all"), reverse("access_requests"), "x-lg"),
    }
    return render(request, "accounts/access_requests.html", context)


@policy.route("accounts.access_requests")
@require_POST
def access_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(policies.visible_access_requests(user_of(request)), pk=pk)
    actions.decide_access_request(request=row, by=user_of(request), accept=False)
    return redirect("access_requests")
