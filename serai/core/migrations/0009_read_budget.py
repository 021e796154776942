from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_lines_of_an_import'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReadMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('principal', models.CharField(max_length=80)),
                ('day', models.DateField()),
                ('object_id', models.UUIDField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('principal', 'day', 'object_id'), name='one_mark_a_day')],
            },
        ),
        migrations.CreateModel(
            name='ReadTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('principal', models.CharField(max_length=80)),
                ('day', models.DateField()),
                ('number', models.PositiveIntegerField(default=0)),
                ('is_told', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('principal', 'day'), name='one_tally_a_day')],
            },
        ),
    ]
