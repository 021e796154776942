"""The directory as a table to download."""

from typing import Any

from django.urls import reverse

from serai.core import exports
from serai.core.exports import Column, Export
from serai.directory import places
from serai.directory.models import Identifier, Organisation

RULE = "directory.organisations"


def _identifier(scheme: str) -> Any:
    def read(organisation: Organisation) -> str:
        return "; ".join(i.value for i in organisation.identifiers.all() if i.scheme == scheme)

    return read


ORGANISATIONS = exports.register(
    Export(
        "organisations",
        (
            Column("id", lambda o: str(o.pk), RULE),
            Column("name", lambda o: o.name, RULE),
            Column("name_language", lambda o: o.name_language, RULE),
            Column("kinds", lambda o: list(o.kinds), RULE),
            Column("country", lambda o: o.country.code if o.country else "", RULE),
            Column("country_name", lambda o: places.place_name(o.country) if o.country else "", RULE),
            Column("city", lambda o: o.city, RULE),
            Column("website", lambda o: o.website, RULE),
            Column("established", lambda o: o.established, RULE),
            Column("status", lambda o: o.status, RULE),
            Column("ror", _identifier(Identifier.Scheme.ROR), RULE),
            Column("lei", _identifier(Identifier.Scheme.LEI), RULE),
            Column("wikidata", _identifier(Identifier.Scheme.WIKIDATA), RULE),
            Column("page", lambda o: reverse("organisation_detail", args=[o.pk]), RULE),
        ),
    )
)
