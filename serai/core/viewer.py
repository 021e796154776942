"""Who is asking. `core` names the user model by its setting, never by import."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

Viewer = AbstractBaseUser | AnonymousUser

ANYONE = AnonymousUser()
"""The public visitor: what this viewer sees, everybody sees."""


def viewer_of(request: HttpRequest) -> Viewer:
    return request.user
