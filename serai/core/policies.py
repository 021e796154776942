"""Rules of `core`'s own objects."""

from django.db.models import QuerySet

from serai.core import policy
from serai.core.imports import framework
from serai.core.models import ImportRefusal, ImportRun
from serai.core.viewer import Viewer


def may_import(viewer: Viewer) -> bool:
    return bool(viewer.is_authenticated) and bool(framework.importers_for(viewer))


@policy.visible(
    "core.imports",
    "Members see the imports they began; stewards and the secretariat, who watch over them, all.",
    gate=may_import,
)
def visible_imports(viewer: Viewer) -> QuerySet[ImportRun]:
    if not viewer.is_authenticated:
        return ImportRun.objects.none()
    if framework.may_oversee(viewer):
        return ImportRun.objects.all()
    return ImportRun.objects.filter(started_by_id=viewer.pk)


def visible_refusals(viewer: Viewer) -> QuerySet[ImportRefusal]:
    """The lines that were not taken, of the imports a viewer sees."""
    return ImportRefusal.objects.filter(run__in=visible_imports(viewer))
