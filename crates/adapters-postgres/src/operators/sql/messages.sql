SELECT coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.received_at DESC), '[]') AS view FROM (
    SELECT webhook_id, store_id, kind, payment_id, received_at FROM inbox ORDER BY received_at DESC LIMIT $1::bigint) m
