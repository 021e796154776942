from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cooperation", "0002_benefit_shares")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="planned_step",
            field=models.CharField(
                blank=True,
                choices=[
                    ("start", "Agree on what to do first"),
                    ("sign", "Agree on the wording and sign"),
                    ("begin", "Begin the project"),
                    ("report", "Report the first result"),
                    ("look", "Look at the case again"),
                ],
                max_length=6,
            ),
        ),
    ]
