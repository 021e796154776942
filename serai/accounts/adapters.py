"""How allauth's ways in behave here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import translation

from serai.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from invitations and approved requests (`accounts.actions`), not from a form for all."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """From here on the person is spoken to as on all pages: in the language just chosen, or that of their account."""
        super().login(request, user)
        if not request.COOKIES.get("serai_language"):
            translation.activate(user.language)
