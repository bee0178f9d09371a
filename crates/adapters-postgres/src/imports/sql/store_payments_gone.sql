-- Taken away there.
DELETE FROM store_payments y USING jsonb_to_recordset($1) AS s (id text, payment jsonb)
WHERE y.store_id = s.id AND jsonb_typeof(s.payment) IS DISTINCT FROM 'object'
