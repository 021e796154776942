"""An agreement is approved with the consent of every party to one version of its wording, whoever writes it.

A version is made by each change of the wording, of an authentic title or summary, and of the terms. The wording of
an approved agreement stands still; with the signature of every party, and not before, it is signed. Agreements that
come in as concluded (inserted, not moved) are taken as they are.
"""

from django.db import migrations

TERMS = "tier kind level is_binding fields_of_science ends_on renewal notice_days term_months".split()
OPEN = "('draft', 'under_review', 'negotiation')"


def row(name: str) -> str:
    return "(" + ", ".join(f"{name}.{column}" for column in TERMS) + ")"


FORWARD = f"""
CREATE FUNCTION agreements_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.wording_version > 0 AND OLD.status IN {OPEN} AND {row("NEW")} IS DISTINCT FROM {row("OLD")} THEN
        NEW.wording_version := OLD.wording_version + 1;
    END IF;
    IF NEW.status = 'approved' AND OLD.status <> 'approved' AND (
        NEW.wording_version = 0 OR EXISTS (
            SELECT FROM agreements_party WHERE agreement_id = NEW.id
            AND consented_version IS DISTINCT FROM NEW.wording_version
        )
    ) THEN
        RAISE EXCEPTION 'An agreement is approved with the consent of every party to its wording.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_party_consents';
    END IF;
    IF NEW.status = 'signed' AND OLD.status <> 'signed' AND EXISTS (
        SELECT FROM agreements_party WHERE agreement_id = NEW.id AND signed_on IS NULL
    ) THEN
        RAISE EXCEPTION 'An agreement is signed once every party has signed.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_party_signs';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION agreements_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held agreements_agreement;
BEGIN
    SELECT * INTO held FROM agreements_agreement WHERE id = coalesce(NEW.agreement_id, OLD.agreement_id);
    IF TG_TABLE_NAME = 'agreements_agreementbody' THEN
        IF TG_OP = 'UPDATE' AND held.status NOT IN {OPEN} OR TG_OP = 'INSERT' AND held.status = 'approved' THEN
            RAISE EXCEPTION 'The wording of an approved agreement does not change.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_wording_stands_still';
        END IF;
        UPDATE agreements_agreement SET wording_version = wording_version + 1 WHERE id = held.id;
    ELSIF held.wording_version > 0 AND held.status IN {OPEN} THEN
        UPDATE agreements_agreement SET wording_version = wording_version + 1 WHERE id = held.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER agreements_guard BEFORE UPDATE ON agreements_agreement
    FOR EACH ROW EXECUTE FUNCTION agreements_guard();
CREATE TRIGGER agreements_body_written AFTER INSERT OR DELETE ON agreements_agreementbody
    FOR EACH ROW EXECUTE FUNCTION agreements_new_version();
CREATE TRIGGER agreements_body_changed AFTER UPDATE ON agreements_agreementbody
    FOR EACH ROW WHEN (OLD.body IS DISTINCT FROM NEW.body OR OLD.language <> NEW.language)
    EXECUTE FUNCTION agreements_new_version();
CREATE TRIGGER agreements_text_written AFTER INSERT ON agreements_agreementtext
    FOR EACH ROW WHEN (NEW.is_authentic) EXECUTE FUNCTION agreements_new_version();
CREATE TRIGGER agreements_text_removed AFTER DELETE ON agreements_agreementtext
    FOR EACH ROW WHEN (OLD.is_authentic) EXECUTE FUNCTION agreements_new_version();
CREATE TRIGGER agreements_text_changed AFTER UPDATE ON agreements_agreementtext
    FOR EACH ROW WHEN (
        (OLD.is_authentic OR NEW.is_authentic)
        AND (OLD.title, OLD.summary, OLD.is_authentic) IS DISTINCT FROM (NEW.title, NEW.summary, NEW.is_authentic)
    ) EXECUTE FUNCTION agreements_new_version();

SELECT set_config('serai.subject', 'node', true);
UPDATE agreements_agreement SET wording_version = 1
    WHERE id IN (SELECT agreement_id FROM agreements_agreementbody);
"""

BACKWARD = """
DROP TRIGGER agreements_text_changed ON agreements_agreementtext;
DROP TRIGGER agreements_text_removed ON agreements_agreementtext;
DROP TRIGGER agreements_text_written ON agreements_agreementtext;
DROP TRIGGER agreements_body_changed ON agreements_agreementbody;
DROP TRIGGER agreements_body_written ON agreements_agreementbody;
DROP TRIGGER agreements_guard ON agreements_agreement;
DROP FUNCTION agreements_new_version();
DROP FUNCTION agreements_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0003_consent_to_wording")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
