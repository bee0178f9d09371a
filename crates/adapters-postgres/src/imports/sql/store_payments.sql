INSERT INTO store_payments (store_id, portone_store_id, portone_channel_id, portone_secret, updated_at)
SELECT s.id, y.portone_store_id, y.portone_channel_id, y.portone_secret, $2
FROM jsonb_to_recordset($1) AS s (id text, payment jsonb) JOIN stores ON stores.id = s.id,
     jsonb_to_record(s.payment) AS y (portone_store_id text, portone_channel_id text, portone_secret text)
WHERE jsonb_typeof(s.payment) = 'object'
ON CONFLICT (store_id) DO UPDATE
SET portone_store_id = excluded.portone_store_id, portone_channel_id = excluded.portone_channel_id, portone_secret = excluded.portone_secret,
    updated_at = excluded.updated_at
