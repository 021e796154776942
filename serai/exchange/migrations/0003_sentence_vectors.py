"""Room for the vectors of the sentences. Listings without them wait to be encoded: the worker does it by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0002_contact_fence"),
    ]

    operations = [
        migrations.AddField(
            model_name="listingvector",
            name="e5_sentences",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="listingvector",
            name="use_sentences",
            field=models.BinaryField(null=True),
        ),
        # Float16 numbers do not compress; trying costs time at every write.
        migrations.RunSQL(
            "ALTER TABLE exchange_listingvector ALTER e5_sentences SET STORAGE EXTERNAL, ALTER use_sentences SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="listingvector",
            index=models.Index(
                condition=models.Q(("e5_sentences__isnull", False), ("tier", "public")),
                fields=["listing"],
                name="vector_with_sentences",
            ),
        ),
    ]
