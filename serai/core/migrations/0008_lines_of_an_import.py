from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0007_no_mark_for_trials"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrefusal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("refused", "Not taken"),
                    ("further", "Not taken, further reason"),
                    ("remark", "Taken, with a remark"),
                ],
                default="refused",
                max_length=8,
            ),
        ),
    ]
