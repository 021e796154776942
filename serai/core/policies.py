"""Rules of `core`'s own objects."""

from django.db.models import QuerySet

from serai.core import policy
from serai.core.models import ImportRun
from serai.core.viewer import Viewer


@policy.visible("core.imports", "People see the imports they started.", gate=policy.signed_in)
def own_imports(viewer: Viewer) -> QuerySet[ImportRun]:
    return ImportRun.objects.filter(started_by_id=viewer.pk)
