"""Figures and releases are for everybody: they are computed from what everybody may see, or suppressed."""

from django.db.models import QuerySet

from serai.accounts.policies import is_secretariat
from serai.core import policy
from serai.core.viewer import Viewer
from serai.observatory.models import Release

policy.declare("observatory.figures", "Everybody: computed from public records, or suppressed below five.")
policy.declare("observatory.release", "The secretariat freezes a release.", gate=is_secretariat)


@policy.visible("observatory.releases", "Everybody sees the frozen releases and their corrections.")
def visible_releases(viewer: Viewer) -> QuerySet[Release]:
    return Release.objects.all()


def may_release(viewer: Viewer) -> bool:
    return is_secretariat(viewer)
