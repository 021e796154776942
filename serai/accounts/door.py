"""How the programming interface knows who asks: a token in the header, or the session of the page.

A request with neither is the public visitor's; each operation's own rule decides whether that is enough.
"""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from serai.accounts.models import ApiToken, User
from serai.accounts.secrets import hash_of
from serai.core import fence
from serai.core.errors import NotAllowed, NotSignedIn

SAFE = {"GET", "HEAD", "OPTIONS"}


def by_token(request: HttpRequest) -> bool:
    """Accept `Authorization: Bearer …`. Raises NotSignedIn for a bad token, NotAllowed beyond its scope."""
    header = request.headers.get("Authorization", "")
    if not header:
        return False
    if getattr(request, "bearer", None) == header:  # asked before in this request, by `IdempotencyMiddleware`
        return True
    scheme, _space, secret = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn("Send the token as: Authorization: Bearer …")
    token = ApiToken.objects.select_related("user").filter(secret_hash=hash_of(secret.strip())).first()
    if token is None or not _is_valid(token):
        raise NotSignedIn("The token is unknown, ended or withdrawn.")
    if request.method not in SAFE and token.scope != ApiToken.Scope.WRITE:
        raise NotAllowed("This token may only read.")
    today = timezone.localdate()
    if token.last_used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=today)
    request.user = token.user
    request.bearer = header  # type: ignore[attr-defined]
    fence.become(token.user)
    return True


def _is_valid(token: ApiToken) -> bool:
    ended = token.expires_at is not None and token.expires_at <= timezone.now()
    return token.revoked_at is None and not ended and token.user.is_active


def caller(request: HttpRequest) -> User:
    """Who asks. Raises NotSignedIn for the public visitor."""
    if not isinstance(request.user, User):
        raise NotSignedIn(_("Sign in, or send a token."))
    return request.user


def by_session(request: HttpRequest) -> bool:
    """Accept the page's session, with its CSRF token on writes; without a session, the public visitor."""
    if request.user.is_authenticated and request.method not in SAFE and check_csrf(request):
        raise NotAllowed("The CSRF token is missing.")
    return True
