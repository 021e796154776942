"""Units that were typed in English become the codes of the vocabulary; all others stay as they were written."""

from django.db import migrations

FORWARD = """
UPDATE cooperation_result AS result SET unit = known.code
FROM (VALUES
    ('job', 'jobs'), ('jobs', 'jobs'), ('person', 'people'), ('persons', 'people'), ('people', 'people'),
    ('firm', 'firms'), ('firms', 'firms'), ('licence', 'licences'), ('licences', 'licences'), ('license', 'licences'),
    ('licenses', 'licences'), ('patent', 'patents'), ('patents', 'patents'), ('publication', 'publications'),
    ('publications', 'publications'), ('product', 'products'), ('products', 'products'), ('pilot', 'pilots'),
    ('pilots', 'pilots'), ('training', 'trainings'), ('trainings', 'trainings'), ('hectare', 'hectares'),
    ('hectares', 'hectares'), ('ha', 'hectares'), ('tonne', 'tonnes'), ('tonnes', 'tonnes'), ('t', 'tonnes'),
    ('eur', 'EUR'), ('€', 'EUR'), ('euro', 'EUR'), ('usd', 'USD'), ('cny', 'CNY'), ('pln', 'PLN'), ('thb', 'THB')
) AS known (written, code)
WHERE lower(btrim(result.unit)) = known.written;
"""


class Migration(migrations.Migration):
    dependencies = [("cooperation", "0003_planned_step")]
    # A code is a plain English word too: nothing is lost that would have to be brought back.
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
