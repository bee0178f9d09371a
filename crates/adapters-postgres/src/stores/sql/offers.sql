-- Each product of these stores, with what its store's offer follows from, in the order in which they are asked for. $1: stores, $2: day of the
-- week. Each OFFSET 0 keeps PostgreSQL from reading whole tables for what it takes for many stores.
SELECT a.turn, s.id, s.name, v.version, s.closed_on, s.suspended, s.withheld, EXISTS (SELECT 1 FROM store_payments y WHERE y.store_id = s.id) AS payment_ready,
       o.open_time, o.close_time, o.pickup_start_time, o.pickup_end_time, o.is_open_enabled,
       p.initial_stock, p.sold, p.held, p.adjustment, p.price, p.sale, p.version AS product_version, p.name AS product_name,
       p.nutrition_types, NULLIF(p.price_steps, '[]') AS price_steps
FROM unnest($1) WITH ORDINALITY AS a (id, turn)
CROSS JOIN LATERAL (SELECT * FROM stores WHERE id = a.id OFFSET 0) s
CROSS JOIN LATERAL (SELECT version FROM store_versions WHERE store_id = a.id OFFSET 0) v
LEFT JOIN LATERAL (SELECT * FROM operation_times WHERE store_id = a.id AND day_of_week = $2 OFFSET 0) o ON true
CROSS JOIN LATERAL (SELECT * FROM products WHERE store_id = a.id OFFSET 0) p
ORDER BY a.turn, p.id
