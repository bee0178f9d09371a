WITH recorded AS (
    UPDATE refunds SET state = $2, claimed = false, next_attempt_at = $3, key_generation = key_generation + $4, last_answer = $5, amount = $6
    WHERE payment_id = $1 AND state <> 'succeeded'
    RETURNING payment_id, store_id
)
INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
SELECT payment_id, store_id, $7, 'refund_' || $2, $6::text, $8, $9, $10 FROM recorded
