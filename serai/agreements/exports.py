"""The register of agreements as a table to download."""

from serai.agreements import queries, shapes
from serai.core import exports
from serai.core.exports import Column, Export

RULE = "agreements.agreement.see"

AGREEMENTS = exports.register(
    Export(
        "agreements",
        (
            Column("id", lambda a: str(a.pk), RULE),
            Column("title", lambda a: queries.title_of(a)[0], RULE),
            Column("title_language", lambda a: queries.title_of(a)[1], RULE),
            Column("kind", lambda a: a.kind, RULE),
            Column("level", lambda a: a.level, RULE),
            Column("status", lambda a: a.status, RULE),
            Column("parties", lambda a: [shapes.party_name(party) for party in a.parties.all()], RULE),
            Column("fields", lambda a: list(a.fields_of_science), RULE),
            Column("signed_on", lambda a: a.signed_on, RULE),
            Column("in_force_on", lambda a: a.in_force_on, RULE),
            Column("ends_on", lambda a: a.ends_on, RULE),
            Column("renewal", lambda a: a.renewal, RULE),
            Column("notice_from", shapes.notice_begins, RULE),
        ),
    )
)
