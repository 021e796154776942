"""Who is asking. `core` names the user model by its setting, never by import."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

Viewer = AbstractBaseUser | AnonymousUser

ANYONE = AnonymousUser()
"""The public visitor: what this viewer sees, everybody sees."""


NOBODY = UUID(int=0)


def id_of(viewer: Viewer) -> UUID:
    """The person's id, or one that nobody has: a filter by it then finds nothing."""
    return viewer.pk or NOBODY


def viewer_of(request: HttpRequest) -> Viewer:
    return request.user
