"""The log numbers and chains itself as the owner of its tables: the application's role only adds entries."""

from django.db import migrations

FORWARD = "ALTER FUNCTION core_audit_chain() SECURITY DEFINER SET search_path = public, pg_temp;"
BACKWARD = "ALTER FUNCTION core_audit_chain() SECURITY INVOKER RESET search_path;"


class Migration(migrations.Migration):
    dependencies = [("core", "0010_reasons_in_the_readers_language")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
