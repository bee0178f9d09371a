WITH due AS (
    SELECT payment_id, attempts FROM refunds
    WHERE payment_id = $1 AND state <> 'succeeded' AND next_attempt_at <= $2
    FOR UPDATE SKIP LOCKED
)
UPDATE refunds r SET state = 'processing', claimed = true, attempts = r.attempts + 1, next_attempt_at = $3
FROM due JOIN holds h ON h.payment_id = due.payment_id
WHERE r.payment_id = due.payment_id
RETURNING r.payment_id, r.store_id, h.portone_store_id, r.reason, r.attempts, r.key_generation, due.attempts > 0 AS look_first
