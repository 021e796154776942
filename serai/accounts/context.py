"""The number on the bell of every page."""

from typing import Any

from django.http import HttpRequest

from serai.accounts.models import Notice
from serai.core.viewer import id_of, viewer_of

MOST = 99


def unread(request: HttpRequest) -> dict[str, Any]:
    """How many notices a person has not read, counted no further than the bell shows."""
    if not hasattr(request, "user") or not viewer_of(request).is_authenticated:
        return {}
    rows = Notice.objects.filter(user_id=id_of(viewer_of(request)), read_at__isnull=True)
    return {"notice_count": rows.values("pk")[: MOST + 1].count()}
