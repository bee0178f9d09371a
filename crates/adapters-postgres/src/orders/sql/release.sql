WITH hold AS (
    SELECT payment_id, product_id, store_id, quantity, business_day FROM holds WHERE payment_id = $1 AND state = 'held' FOR UPDATE
), freed AS (
    UPDATE products p SET held = p.held - hold.quantity, version = p.version + 1, updated_at = $3
    FROM hold WHERE p.id = hold.product_id AND hold.business_day >= p.stock_day
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
    SELECT payment_id, store_id, $3, 'released', $2, $4, $5, $6 FROM hold
)
UPDATE holds SET state = 'released', ended_because = $2, ended_at = $3, next_look_at = $7
FROM hold WHERE holds.payment_id = hold.payment_id
