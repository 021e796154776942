"""Row-level security on the wording of agreements: what `policies.visible_bodies` says, said to the database."""

from django.db import migrations

PARTIES = """
    coalesce(current_setting('serai.subject', true), '') = 'node'
    OR EXISTS (
        SELECT FROM agreements_party AS party JOIN accounts_membership AS mine USING (organisation_id)
        WHERE party.agreement_id = agreements_agreementbody.agreement_id AND mine.status = 'active'
        AND mine.user_id::text = current_setting('serai.subject', true)
    )
"""
FORWARD = f"""
ALTER TABLE agreements_agreementbody ENABLE ROW LEVEL SECURITY;
ALTER TABLE agreements_agreementbody FORCE ROW LEVEL SECURITY;
CREATE POLICY node_and_parties ON agreements_agreementbody USING ({PARTIES}) WITH CHECK ({PARTIES});
"""
BACKWARD = """
DROP POLICY node_and_parties ON agreements_agreementbody;
ALTER TABLE agreements_agreementbody NO FORCE ROW LEVEL SECURITY;
ALTER TABLE agreements_agreementbody DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_initial"), ("accounts", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
