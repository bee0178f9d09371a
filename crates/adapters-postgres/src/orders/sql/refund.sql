WITH hold AS (
    SELECT payment_id, product_id, store_id, quantity, state, business_day FROM holds
    WHERE payment_id = $1 AND state IN ('held', 'released') FOR UPDATE
), freed AS (
    UPDATE products p SET held = p.held - hold.quantity, version = p.version + 1, updated_at = $3
    FROM hold WHERE p.id = hold.product_id AND hold.state = 'held' AND hold.business_day >= p.stock_day
), ended AS (
    UPDATE holds SET state = 'refunded', ended_because = NULL, ended_at = $3, next_look_at = NULL
    FROM hold WHERE holds.payment_id = hold.payment_id
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
    SELECT payment_id, store_id, $3, 'refund_requested', $2, $4, $5, $6 FROM hold
)
INSERT INTO refunds (payment_id, store_id, reason, requested_at, next_attempt_at)
SELECT payment_id, store_id, $2, $3, $3 FROM hold
