WITH accepted AS (
    UPDATE orders SET status = 'accept', accepted_at = $2 WHERE payment_id = $1 AND status = 'reservation' RETURNING *
), told AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at, request_id, store_id)
    SELECT 'mail:accepted:' || payment_id, jsonb_build_object('kind', 'order_mail', 'event', 'accepted', 'payment_id', payment_id), 20, $2, $5, store_id
    FROM accepted
    ON CONFLICT DO NOTHING
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, actor_role, actor, request_id)
    SELECT payment_id, store_id, $2, 'accepted', $3, $4, $5 FROM accepted
)
SELECT * FROM accepted
