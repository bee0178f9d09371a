-- Of many stores. OFFSET 0 has the rows looked up by their key, however small the table was when this was planned.
SELECT a.turn, o.*
FROM unnest($1, $2) WITH ORDINALITY AS a (store, day, turn)
CROSS JOIN LATERAL (SELECT * FROM orders WHERE store_id = a.store AND business_day = a.day OFFSET 0) o
ORDER BY a.turn, greatest(o.reservation_at, o.accepted_at, o.completed_at, o.canceled_at) DESC, o.payment_id DESC
