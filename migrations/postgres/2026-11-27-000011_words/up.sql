-- One name for each thing (GLOSSARY in ARCHITECTURE.md): audit log, discrepancy, abandoned hold, resolve, daily rollover, identity.
ALTER TABLE audit_trail RENAME TO audit_log;
ALTER SEQUENCE audit_trail_id_seq RENAME TO audit_log_id_seq;
ALTER INDEX audit_trail_pkey RENAME TO audit_log_pkey;
ALTER INDEX audit_trail_payment RENAME TO audit_log_payment;
ALTER INDEX audit_trail_actor RENAME TO audit_log_actor;
ALTER TABLE audit_log RENAME CONSTRAINT audit_trail_actor_role_check TO audit_log_actor_role_check;
DROP INDEX audit_trail_differences;
DROP TRIGGER audit_trail_append_only ON audit_log;
DROP TRIGGER audit_trail_only_pseudonyms ON audit_log;

-- Who did what stays as it was written, with the names that jobs had then; only the two words that the service reads again change.
UPDATE audit_log SET event = 'discrepancy' WHERE event = 'difference';
UPDATE audit_log SET detail = 'abandoned' WHERE event = 'released' AND detail = 'given_up';

CREATE INDEX audit_log_discrepancies ON audit_log (id) WHERE event = 'discrepancy';
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_log_only_pseudonyms BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION only_pseudonyms();

ALTER TABLE holds DROP CONSTRAINT holds_ended_because_check;
UPDATE holds SET ended_because = 'abandoned' WHERE ended_because = 'given_up';
ALTER TABLE holds ADD CONSTRAINT holds_ended_because_check CHECK (ended_because IN ('expired', 'abandoned', 'failed'));

-- The ledger goes on under the new names, so that no run is made up for a second time.
UPDATE tasks SET job = 'resolve_holds', id = replace(id, 'run:settle_holds:', 'run:resolve_holds:'),
    payload = jsonb_set(payload, '{job}', '"resolve_holds"') WHERE job = 'settle_holds';
UPDATE tasks SET job = 'rollover_stock', id = replace(id, 'run:turn_stock:', 'run:rollover_stock:'),
    payload = jsonb_set(payload, '{job}', '"rollover_stock"') WHERE job = 'turn_stock';
ALTER INDEX tasks_owed RENAME TO tasks_outbox;

ALTER TABLE link_tokens RENAME TO unlink_tokens;
ALTER TABLE unlink_tokens RENAME COLUMN link TO identity;
ALTER INDEX link_tokens_pkey RENAME TO unlink_tokens_pkey;
COMMENT ON TABLE unlink_tokens IS 'refresh tokens that cut a deleted account''s connection at its provider; a row outlives its account until that is done';
COMMENT ON COLUMN unlink_tokens.identity IS 'provider/id of the user there';
