from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from serai.accounts.models import ApiToken, User
from serai.accounts.secrets import hash_of, new_secret
from serai.core import audit
from serai.core.errors import Conflict, Invalid, NotAllowed

MOST_TOKENS = 20


@transaction.atomic
def create_token(
    *, by: User, name: str, scope: str = ApiToken.Scope.READ, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for oneself. Returns it with its secret, which is never shown again."""
    if not name.strip():
        raise Invalid(_("Give the token a name."), fields={"name": _("Give the token a name.")})
    if scope not in ApiToken.Scope.values:
        raise Invalid(_("A token reads or writes."), fields={"scope": _("A token reads or writes.")})
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(_("The end lies in the past."), fields={"expires_at": _("The end lies in the past.")})
    if by.tokens.filter(revoked_at__isnull=True).count() >= MOST_TOKENS:
        raise Conflict(_("You have 20 tokens; withdraw one first."))
    secret = new_secret("serai")
    token = ApiToken.objects.create(
        user=by, name=name.strip(), scope=scope, expires_at=expires_at, secret_hash=hash_of(secret)
    )
    audit.record(actor=by, action="accounts.token_created", obj=token, data={"scope": scope})
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User) -> ApiToken:
    """Withdraw one's own token; it is refused from the next request on."""
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.user_id != by.pk:
        raise NotAllowed(_("Only its owner can withdraw a token."))
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at", "updated_at"])
        audit.record(actor=by, action="accounts.token_revoked", obj=token)
    return token
