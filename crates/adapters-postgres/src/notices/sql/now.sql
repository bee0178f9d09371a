-- $1 stores and $2 products (NULL: none), $3 the day of the week.
SELECT s.name, o.day_of_week, o.open_time, o.close_time, o.pickup_start_time, o.pickup_end_time, o.is_open_enabled, s.closed_on, s.suspended, s.withheld,
       EXISTS (SELECT FROM store_payments y WHERE y.store_id = s.id) AS payment_ready,
       p.name AS product_name, p.price, p.sale, p.price_steps, p.initial_stock + p.adjustment - p.sold - p.held AS left_over, a.turn
FROM unnest($1, $2) WITH ORDINALITY AS a (store, product, turn)
JOIN stores s ON s.id = a.store
JOIN operation_times o ON o.store_id = s.id AND o.day_of_week = $3
LEFT JOIN products p ON p.id = a.product AND p.store_id = s.id
