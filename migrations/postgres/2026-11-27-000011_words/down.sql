COMMENT ON COLUMN unlink_tokens.identity IS 'provider/id of the user there';
COMMENT ON TABLE unlink_tokens IS 'outlives the account until the link is cut: then the row goes';
ALTER INDEX unlink_tokens_pkey RENAME TO link_tokens_pkey;
ALTER TABLE unlink_tokens RENAME COLUMN identity TO link;
ALTER TABLE unlink_tokens RENAME TO link_tokens;

ALTER INDEX tasks_outbox RENAME TO tasks_owed;
UPDATE tasks SET job = 'turn_stock', id = replace(id, 'run:rollover_stock:', 'run:turn_stock:'),
    payload = jsonb_set(payload, '{job}', '"turn_stock"') WHERE job = 'rollover_stock';
UPDATE tasks SET job = 'settle_holds', id = replace(id, 'run:resolve_holds:', 'run:settle_holds:'),
    payload = jsonb_set(payload, '{job}', '"settle_holds"') WHERE job = 'resolve_holds';

ALTER TABLE holds DROP CONSTRAINT holds_ended_because_check;
UPDATE holds SET ended_because = 'given_up' WHERE ended_because = 'abandoned';
ALTER TABLE holds ADD CONSTRAINT holds_ended_because_check CHECK (ended_because IN ('expired', 'given_up', 'failed'));

DROP TRIGGER audit_log_only_pseudonyms ON audit_log;
DROP TRIGGER audit_log_append_only ON audit_log;
DROP INDEX audit_log_discrepancies;
UPDATE audit_log SET detail = 'given_up' WHERE event = 'released' AND detail = 'abandoned';
UPDATE audit_log SET event = 'difference' WHERE event = 'discrepancy';
ALTER TABLE audit_log RENAME CONSTRAINT audit_log_actor_role_check TO audit_trail_actor_role_check;
ALTER INDEX audit_log_actor RENAME TO audit_trail_actor;
ALTER INDEX audit_log_payment RENAME TO audit_trail_payment;
ALTER INDEX audit_log_pkey RENAME TO audit_trail_pkey;
ALTER SEQUENCE audit_log_id_seq RENAME TO audit_trail_id_seq;
ALTER TABLE audit_log RENAME TO audit_trail;
CREATE INDEX audit_trail_differences ON audit_trail (id) WHERE event = 'difference';
CREATE TRIGGER audit_trail_append_only BEFORE DELETE OR TRUNCATE ON audit_trail FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_trail_only_pseudonyms BEFORE UPDATE ON audit_trail FOR EACH ROW EXECUTE FUNCTION only_pseudonyms();
