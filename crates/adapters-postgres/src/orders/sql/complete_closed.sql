-- bought_on: kst::hours_day of the purchase, within which a store opens and closes. Hours that are disabled since end the day as well.
WITH closed AS (
    SELECT o.payment_id, o.store_id, (o.bought_on + t.close_time) AT TIME ZONE 'Asia/Seoul' AS at
    FROM (SELECT *, (reservation_at AT TIME ZONE 'Asia/Seoul')::date AS bought_on FROM orders WHERE status = 'accept') o
    JOIN operation_times t ON t.store_id = o.store_id AND t.day_of_week = extract(isodow FROM o.bought_on) - 1
    WHERE (o.bought_on + t.close_time) AT TIME ZONE 'Asia/Seoul' <= $1
    LIMIT $2
), picked AS (
    SELECT o.payment_id, o.store_id, greatest(closed.at, o.accepted_at) AS at
    FROM orders o JOIN closed ON closed.payment_id = o.payment_id
    WHERE o.status = 'accept' FOR UPDATE OF o SKIP LOCKED
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
    SELECT payment_id, store_id, $1, 'completed', 'store_closed', $3, $4, $5 FROM picked
)
UPDATE orders SET status = 'complete', completed_at = picked.at FROM picked WHERE orders.payment_id = picked.payment_id
