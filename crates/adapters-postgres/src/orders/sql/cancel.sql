-- Locks the order, then changes the product. $4: the business day whose orders give stock back.
WITH picked AS (
    SELECT payment_id, product_id, quantity, business_day FROM orders
    WHERE payment_id = $1 AND status = ANY ($2) FOR UPDATE
), freed AS (
    UPDATE products p SET sold = p.sold - picked.quantity, version = p.version + 1, updated_at = $5
    FROM picked WHERE p.id = picked.product_id AND picked.business_day = $4 AND picked.business_day >= p.stock_day
), canceled AS (
    UPDATE orders SET status = 'cancel', canceled_at = $5, cancel_reason = $3
    FROM picked WHERE orders.payment_id = picked.payment_id
    RETURNING orders.*
), refunded AS (
    INSERT INTO refunds (payment_id, store_id, reason, requested_at, next_attempt_at)
    SELECT payment_id, store_id, $6, $5, $5 FROM canceled
), told AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at, request_id, store_id)
    SELECT 'mail:canceled:' || payment_id, jsonb_build_object('kind', 'order_mail', 'event', $7, 'payment_id', payment_id), 20, $5, $10, store_id
    FROM canceled
    ON CONFLICT DO NOTHING
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
    SELECT payment_id, store_id, $5, e.event, $6, $8, $9, $10
    FROM canceled CROSS JOIN (VALUES (1, 'canceled'), (2, 'refund_requested')) e (n, event) ORDER BY e.n
)
SELECT * FROM canceled
