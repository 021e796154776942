"""Visitors in Chromium who watch for what a page complains of."""

from typing import Any

from django.conf import settings
from django.test import Client

from serai.accounts.models import User


class Visitor:
    """One browser window, signed in as a person or as nobody."""

    def __init__(
        self, chromium: Any, address: str, user: User | None, *, width: int, language: str = "en"
    ) -> None:
        self.address = address
        self.window = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        cookies = {"serai_language": language}
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.window.add_cookies([{"name": k, "value": v, "url": address} for k, v in cookies.items()])
        self.page = self.window.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    def go(self, path: str) -> Any:
        return self.page.goto(self.address + path, wait_until="load")

    def leave(self) -> None:
        self.window.close()
