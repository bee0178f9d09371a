WITH fresh AS (
    INSERT INTO inbox (store_id, webhook_id, kind, payment_id, body, received_at)
    VALUES ($1, $2, $3, $4, $5, $7)
    ON CONFLICT DO NOTHING
    RETURNING store_id, webhook_id, payment_id
), queued AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at, request_id)
    SELECT 'webhook:' || store_id || ':' || webhook_id,
           jsonb_build_object('kind', 'webhook', 'webhook_id', webhook_id, 'payment_id', payment_id), 20, $7, $8
    FROM fresh WHERE $6
    ON CONFLICT DO NOTHING
)
SELECT webhook_id FROM fresh
