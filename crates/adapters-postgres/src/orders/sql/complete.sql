WITH completed AS (
    UPDATE orders SET status = 'complete', completed_at = $2 WHERE payment_id = $1 AND status = 'accept' RETURNING *
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, actor_role, actor, request_id)
    SELECT payment_id, store_id, $2, 'completed', $3, $4, $5 FROM completed
)
SELECT * FROM completed
