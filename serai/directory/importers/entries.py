"""What the formats of the directory share: who may use them, and how entries they made are taken away."""

from serai.core.imports.framework import Ids, Importer, delete_rows
from serai.directory.models import Identifier, Organisation, OrganisationName, PendingRelation, Relation


class EntryImporter(Importer):
    """An entry of the directory is public and vouched for, so only stewards and the secretariat import them."""

    place = "network"
    parts = {"organisation": (OrganisationName, Identifier, Relation)}

    def remove(self, kind: str, ids: Ids) -> None:
        going = Organisation.objects.filter(pk__in=ids)
        PendingRelation.objects.filter(
            source_name=self.name, organisation_ref__in=going.values("source_ref")
        ).delete()
        delete_rows(Organisation, ids, self.parts["organisation"])
