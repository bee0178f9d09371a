WITH reopened AS (
    UPDATE refunds SET state = 'unknown', claimed = false, next_attempt_at = $2, key_generation = key_generation + 1, amount = NULL
    WHERE payment_id = $1 AND state = 'succeeded'
    RETURNING payment_id, store_id
)
INSERT INTO audit_log (payment_id, store_id, at, event, actor_role, actor, request_id)
SELECT payment_id, store_id, $2, 'refund_reopened', $3, $4, $5 FROM reopened
