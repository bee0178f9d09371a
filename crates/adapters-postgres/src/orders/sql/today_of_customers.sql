-- Of many customers; pickup hours are those of kst::hours_day of the purchase. Each OFFSET 0 has the rows looked up by their keys,
-- however small the tables were when this was planned.
SELECT a.turn, o.*, i.key AS main_image, t.pickup_start_time, t.pickup_end_time
FROM unnest($1, $2) WITH ORDINALITY AS a (customer, day, turn)
CROSS JOIN LATERAL (SELECT * FROM orders WHERE customer_email = a.customer AND business_day = a.day OFFSET 0) o
LEFT JOIN LATERAL (SELECT key FROM store_images WHERE store_id = o.store_id AND is_main OFFSET 0) i ON true
LEFT JOIN LATERAL (
    SELECT pickup_start_time, pickup_end_time FROM operation_times
    WHERE store_id = o.store_id AND day_of_week = extract(isodow FROM (o.reservation_at AT TIME ZONE 'Asia/Seoul')) - 1 OFFSET 0) t ON true
ORDER BY a.turn, greatest(o.reservation_at, o.accepted_at, o.completed_at, o.canceled_at) DESC, o.payment_id DESC
