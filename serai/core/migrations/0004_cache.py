"""The table of Django's database cache, where log-in limits count for all web processes."""

from django.db import migrations

FORWARD = """
CREATE TABLE core_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX core_cache_expires ON core_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_audit_chain")]
    operations = [migrations.RunSQL(FORWARD, "DROP TABLE core_cache;")]
