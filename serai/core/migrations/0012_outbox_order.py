"""What may wait is told by its row, so that an index gives the order messages leave in. What waits already goes first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0011_audit_writer")]
    operations = [
        migrations.AddField("outboxmessage", "can_wait", models.BooleanField(default=False)),
        migrations.RemoveIndex("outboxmessage", "outbox_due"),
        migrations.AddIndex(
            "outboxmessage",
            models.Index(
                fields=["can_wait", "due_at"],
                condition=models.Q(sent_at__isnull=True, parked_at__isnull=True),
                name="outbox_next",
            ),
        ),
    ]
