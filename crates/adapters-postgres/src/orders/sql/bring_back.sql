-- $1 records, $2 the people in them. Gives whether it may be: a deletion that is not finished may not have reached these records yet.
WITH allowed AS (
    SELECT $1::jsonb AS records WHERE NOT EXISTS (SELECT FROM erasures WHERE email = ANY ($2))
), hold AS (
    INSERT INTO holds SELECT (jsonb_populate_record(NULL::holds, records -> 'hold')).* FROM allowed
    ON CONFLICT DO NOTHING RETURNING payment_id
), refund AS (
    INSERT INTO refunds SELECT (jsonb_populate_record(NULL::refunds, records -> 'refund')).* FROM allowed, hold
    WHERE jsonb_typeof(records -> 'refund') = 'object'
), log AS (
    INSERT INTO audit_log SELECT (jsonb_populate_record(NULL::audit_log, entry)).*
    FROM allowed, hold, jsonb_array_elements(records -> 'audit_log') entry
)
SELECT EXISTS (SELECT FROM allowed) AS allowed
