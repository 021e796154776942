"""Agreements, projects, facilities and events stand in the chain after the organisations whose work they are.

The actions write these links from now on; here the records that are there get theirs.
"""

from django.db import migrations

LINK = """
INSERT INTO core_link (id, created_at, updated_at, source_kind, source_id, relation, target_kind, target_id)
SELECT gen_random_uuid(), now(), now(), 'organisation', organisation_id, '{relation}', '{kind}', {record}
FROM {table} WHERE organisation_id IS NOT NULL ON CONFLICT DO NOTHING;
"""
OF_PARTIES = (
    ("agreed_in", "agreement", "agreement_id", "agreements_party"),
    ("created", "project", "project_id", "cooperation_projectparty"),
    ("created", "facility", "facility_id", "cooperation_facility_hosts"),
    ("created", "event", "event_id", "events_event_hosts"),
)
FORWARD = "".join(
    LINK.format(relation=relation, kind=kind, record=record, table=table)
    for relation, kind, record, table in OF_PARTIES
)


class Migration(migrations.Migration):
    dependencies = [
        ("cooperation", "0005_openings"),
        ("agreements", "0004_wording_versions"),
        ("events", "0001_initial"),
        ("core", "0002_initial"),
    ]
    # The links are true before this change too; the walk of the earlier version reads them as well.
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
