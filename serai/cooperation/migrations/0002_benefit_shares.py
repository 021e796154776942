"""The benefit shares of a project never add up to more than 100 per cent, whoever writes them.

Checked at commit, so that shares can be moved between parties in one transaction.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION cooperation_benefit_shares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM cooperation_project WHERE id = NEW.project_id FOR UPDATE;
    IF (SELECT sum(benefit_percent) FROM cooperation_projectparty WHERE project_id = NEW.project_id) > 100 THEN
        RAISE EXCEPTION 'The benefit shares of a project are more than 100 per cent.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'benefit_shares_are_at_most_100';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER cooperation_benefit_shares AFTER INSERT OR UPDATE ON cooperation_projectparty
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cooperation_benefit_shares();
"""

BACKWARD = """
DROP TRIGGER cooperation_benefit_shares ON cooperation_projectparty;
DROP FUNCTION cooperation_benefit_shares();
"""


class Migration(migrations.Migration):
    dependencies = [("cooperation", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
