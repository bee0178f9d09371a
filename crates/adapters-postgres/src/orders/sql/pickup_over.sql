-- bought_on: kst::hours_day of the purchase. $3: the states from which a pickup's end cancels. (The list before it is what the index of
-- open orders has.) $4: the last id of the page before.
SELECT o.payment_id
FROM (SELECT *, (reservation_at AT TIME ZONE 'Asia/Seoul')::date AS bought_on FROM orders WHERE status IN ('reservation', 'accept') AND status = ANY ($3)) o
JOIN operation_times t ON t.store_id = o.store_id AND t.day_of_week = extract(isodow FROM o.bought_on) - 1
WHERE (o.bought_on + t.pickup_end_time) AT TIME ZONE 'Asia/Seoul' <= $1 AND o.payment_id > $4
ORDER BY o.payment_id
LIMIT $2
