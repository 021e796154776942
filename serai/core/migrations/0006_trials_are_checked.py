"""A dry run was a finished run with a mark; it is a state of its own now."""

from django.db import migrations

FORWARD = "UPDATE core_importrun SET status = 'checked' WHERE dry_run AND status = 'done';"
BACKWARD = "UPDATE core_importrun SET status = 'done', dry_run = true WHERE status = 'checked';"


class Migration(migrations.Migration):
    dependencies = [("core", "0005_imports_in_steps")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
