SELECT p.id AS product_id, p.store_id, p.price, p.sale, p.initial_stock + p.adjustment - p.sold - p.held AS left_over,
       o.day_of_week, o.open_time, o.close_time, o.pickup_start_time, o.pickup_end_time, o.is_open_enabled, s.closed_on, s.suspended,
       sp.portone_store_id, sp.portone_channel_id,
       EXISTS (SELECT 1 FROM customers c WHERE c.email = $2) AS buyer_registered
FROM products p
JOIN stores s ON s.id = p.store_id
JOIN operation_times o ON o.store_id = p.store_id AND o.day_of_week = $3
LEFT JOIN store_payments sp ON sp.store_id = p.store_id
WHERE p.id = $1
