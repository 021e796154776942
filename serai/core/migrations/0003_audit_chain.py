"""The audit log chains itself at commit, and refuses to be changed."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION core_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head core_audithead%ROWTYPE;
    next_hash text;
BEGIN
    INSERT INTO core_audithead (id, seq, hash) VALUES (1, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM core_audithead WHERE id = 1 FOR UPDATE;
    next_hash := encode(sha256(convert_to((head.seq + 1) || E'\\n' || head.hash || E'\\n' || NEW.payload, 'UTF8')), 'hex');
    UPDATE core_auditentry SET seq = head.seq + 1, prev_hash = head.hash, hash = next_hash WHERE id = NEW.id;
    UPDATE core_audithead SET seq = head.seq + 1, hash = next_hash WHERE id = 1;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER core_audit_chain AFTER INSERT ON core_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION core_audit_chain();

CREATE FUNCTION core_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.payload = OLD.payload AND NEW.id = OLD.id
       AND NEW.at = OLD.at AND NEW.action = OLD.action AND NEW.object_id = OLD.object_id
       AND NEW.object_kind = OLD.object_kind AND NEW.actor_id IS NOT DISTINCT FROM OLD.actor_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit log is append-only.';
END $$;

CREATE TRIGGER core_audit_keep BEFORE UPDATE OR DELETE ON core_auditentry
    FOR EACH ROW EXECUTE FUNCTION core_audit_keep();
CREATE TRIGGER core_audit_keep_all BEFORE TRUNCATE ON core_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION core_audit_keep();
"""

BACKWARD = """
DROP TRIGGER core_audit_keep_all ON core_auditentry;
DROP TRIGGER core_audit_keep ON core_auditentry;
DROP TRIGGER core_audit_chain ON core_auditentry;
DROP FUNCTION core_audit_keep();
DROP FUNCTION core_audit_chain();
DELETE FROM core_audithead;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
