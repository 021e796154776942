from django.contrib.postgres import operations
from django.db import migrations
from pgvector.django import VectorExtension


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        VectorExtension(),
        operations.TrigramExtension(),
        operations.BtreeGistExtension(),
        operations.UnaccentExtension(),
    ]
