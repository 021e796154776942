"""The mark of a dry run and the unused file of an import go; a file is a `StoredFile`."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0006_trials_are_checked")]
    operations = [
        migrations.RemoveField("importrun", "dry_run"),
        migrations.RemoveField("importrun", "content"),
    ]
