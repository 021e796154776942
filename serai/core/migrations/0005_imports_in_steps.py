"""An import has steps a person takes in the browser: try, take in, take back."""

from django.db import migrations, models

STATES = [
    ("proposed", "To be tried"),
    ("checking", "Being tried"),
    ("checked", "Tried, nothing kept"),
    ("running", "Being taken in"),
    ("done", "Taken in"),
    ("refused", "Refused"),
    ("undoing", "Being taken back"),
    ("undone", "Taken back"),
]


class Migration(migrations.Migration):
    dependencies = [("core", "0004_cache")]
    operations = [
        migrations.AddField("importrun", "language", models.CharField(blank=True, max_length=35, default=""), False),
        migrations.AddField("importrun", "progress", models.PositiveIntegerField(default=0)),
        migrations.AddField("importrun", "attempts", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("importrun", "note", models.TextField(blank=True, default=""), False),
        migrations.AlterField(
            "importrun", "status", models.CharField(choices=STATES, default="proposed", max_length=10)
        ),
        migrations.AlterField("importrefusal", "column", models.CharField(blank=True, max_length=120)),
        migrations.AddIndex("importrun", models.Index(fields=["created_at"], name="imports_by_date")),
    ]
