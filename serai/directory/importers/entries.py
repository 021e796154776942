"""What the formats of the directory share: who may use them, how entries they made or changed are taken back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from serai.core.imports.copying import copy_values
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


def put_back_parts(befores: Mapping[UUID, Any]) -> None:
    """Names and identifiers as they were: key → `names` and `identifiers`, each a list of plain values."""
    parts: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
        (OrganisationName, "names", ("text", "language", "kind")),
        (Identifier, "identifiers", ("scheme", "value", "is_preferred")),
    )
    for model, part, names in parts:
        delete_rows(model, model.objects.filter(organisation_id__in=befores).values("pk"))
        rows = [(pk, *(row[n] for n in names)) for pk, before in befores.items() for row in before[part]]
        copy_values(model, ("organisation_id", *names), rows)
