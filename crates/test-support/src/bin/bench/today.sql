-- Pickup hours are those of kst::hours_day of the purchase.
SELECT o.*, i.key AS main_image, t.pickup_start_time, t.pickup_end_time
FROM orders o
LEFT JOIN store_images i ON i.store_id = o.store_id AND i.is_main
LEFT JOIN operation_times t ON t.store_id = o.store_id AND t.day_of_week = extract(isodow FROM (o.reservation_at AT TIME ZONE 'Asia/Seoul')) - 1
WHERE o.customer_email = $1 AND o.business_day = $2
ORDER BY greatest(o.reservation_at, o.accepted_at, o.completed_at, o.canceled_at) DESC, o.payment_id DESC
