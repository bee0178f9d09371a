-- However many messages about a payment: one task. One that comes while the task is under way has it done once more after that.
WITH of_another_store AS (
    SELECT 1 FROM holds WHERE payment_id = $4 AND store_id <> $1
), fresh AS (
    INSERT INTO inbox (store_id, webhook_id, kind, payment_id, received_at)
    SELECT $1, $2, $3, $4, $6 WHERE NOT EXISTS (SELECT FROM of_another_store)
    ON CONFLICT DO NOTHING
    RETURNING store_id, webhook_id, payment_id
), queued AS (
    INSERT INTO tasks AS t (id, payload, max_attempts, run_at, request_id, store_id)
    SELECT 'webhook:' || store_id || ':' || payment_id,
           jsonb_build_object('kind', 'webhook', 'webhook_id', webhook_id, 'payment_id', payment_id), 20, $6, $7, store_id
    FROM fresh WHERE $5
    ON CONFLICT (id) DO UPDATE
    SET payload = excluded.payload, request_id = excluded.request_id,
        again = t.status = 'running',
        status = CASE WHEN t.status IN ('done', 'dead') THEN 'pending' ELSE t.status END,
        attempts = CASE WHEN t.status IN ('done', 'dead') THEN 0 ELSE t.attempts END,
        created_at = CASE WHEN t.status IN ('done', 'dead') THEN excluded.created_at ELSE t.created_at END,
        -- One that waits for its next attempt is due now.
        run_at = CASE WHEN t.status = 'pending' THEN least(t.run_at, excluded.run_at) WHEN t.status = 'running' THEN t.run_at ELSE excluded.run_at END,
        turn = CASE WHEN t.status = 'pending' THEN least(t.turn, excluded.turn) WHEN t.status = 'running' THEN t.turn ELSE excluded.turn END,
        finished_at = NULL
)
SELECT EXISTS (SELECT FROM of_another_store) AS of_another_store, EXISTS (SELECT FROM fresh) AS kept
