"""Row-level security on the contacts of listings: what `policies.visible_contacts` says, said to the database."""

from django.db import migrations

FORWARD = """
ALTER TABLE exchange_listingcontact ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange_listingcontact FORCE ROW LEVEL SECURITY;
CREATE POLICY node_and_parties ON exchange_listingcontact
USING (
    coalesce(current_setting('serai.subject', true), '') = 'node'
    OR EXISTS (
        SELECT FROM accounts_membership AS mine
        WHERE mine.user_id::text = current_setting('serai.subject', true) AND mine.status = 'active'
        AND (
            mine.organisation_id = (SELECT l.organisation_id FROM exchange_listing AS l WHERE l.id = listing_id)
            OR EXISTS (
                SELECT FROM exchange_interest AS i
                WHERE i.listing_id = exchange_listingcontact.listing_id
                AND i.organisation_id = mine.organisation_id
                AND i.status IN ('accepted', 'in_contact', 'led_on')
            )
        )
    )
)
WITH CHECK (
    coalesce(current_setting('serai.subject', true), '') = 'node'
    OR EXISTS (
        SELECT FROM accounts_membership AS mine JOIN exchange_listing AS l USING (organisation_id)
        WHERE l.id = listing_id AND mine.status = 'active'
        AND mine.user_id::text = current_setting('serai.subject', true)
    )
);
"""
BACKWARD = """
DROP POLICY node_and_parties ON exchange_listingcontact;
ALTER TABLE exchange_listingcontact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE exchange_listingcontact DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial"), ("accounts", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
