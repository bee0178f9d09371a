WITH answered AS (
    UPDATE disputes SET answer = $2, answered_at = $3 WHERE payment_id = $1 AND answer IS NULL AND decision IS NULL RETURNING payment_id, store_id
), told AS (
    INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
    SELECT 'mail:dispute:answered:customer:' || payment_id, store_id,
           jsonb_build_object('kind', 'dispute_mail', 'event', 'answered', 'to', 'customer', 'payment_id', payment_id), 20, $3
    FROM answered
)
SELECT payment_id FROM answered
