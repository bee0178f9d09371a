-- All that is kept of a payment, as it goes to the archive. The same text for the same rows, in whatever session.
CREATE FUNCTION payment_records(payment text) RETURNS jsonb LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
    SELECT jsonb_build_object(
        'hold', to_jsonb(h),
        'refund', (SELECT to_jsonb(r) FROM refunds r WHERE r.payment_id = h.payment_id),
        'audit_log', coalesce((SELECT jsonb_agg(to_jsonb(a) ORDER BY a.id) FROM audit_log a WHERE a.payment_id = h.payment_id), '[]'))
    FROM holds h WHERE h.payment_id = payment
$$;

-- The audit log lets go of entries inside of forget_payments alone, which sets this for as long as it runs.
CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('cheapbob.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME;
END $$;

-- Deletes the payments of which these ([payment_records]) are still the records; gives their number. An entry that came to the audit
-- log after the comparison stays.
CREATE FUNCTION forget_payments(records jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    payments text[] := ARRAY(SELECT r #>> '{hold,payment_id}' FROM jsonb_array_elements(records) r);
    unchanged text[];
BEGIN
    PERFORM 1 FROM holds WHERE payment_id = ANY (payments) ORDER BY payment_id FOR UPDATE;
    PERFORM 1 FROM refunds WHERE payment_id = ANY (payments) ORDER BY payment_id FOR UPDATE;
    unchanged := ARRAY(SELECT r #>> '{hold,payment_id}' FROM jsonb_array_elements(records) r
                       WHERE payment_records(r #>> '{hold,payment_id}') = r);
    -- Not as the function's own setting: only a superuser may give it one that PostgreSQL does not know.
    PERFORM set_config('cheapbob.forgetting', 'on', true);
    DELETE FROM audit_log WHERE id IN (
        SELECT (entry ->> 'id')::bigint FROM jsonb_array_elements(records) r, jsonb_array_elements(r -> 'audit_log') entry
        WHERE r #>> '{hold,payment_id}' = ANY (unchanged));
    PERFORM set_config('cheapbob.forgetting', 'off', true);
    DELETE FROM refunds WHERE payment_id = ANY (unchanged);
    DELETE FROM holds WHERE payment_id = ANY (unchanged);
    RETURN cardinality(unchanged);
END $$;
