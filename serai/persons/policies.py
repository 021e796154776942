from django.db.models import QuerySet
from django.utils import timezone

from serai.core import policy
from serai.core.viewer import Viewer, id_of
from serai.persons.models import DataCopy


@policy.visible("persons.own_copies", "A person's own copy of their data, for a day.", gate=policy.signed_in)
def own_copies(viewer: Viewer) -> QuerySet[DataCopy]:
    """Their copy, being written or there to be fetched; one that has ended is no longer anybody's."""
    return DataCopy.objects.filter(user_id=id_of(viewer)).exclude(expires_at__lte=timezone.now())
