-- Of many sellers' stores. OFFSET 0 has the rows looked up by their keys, however small the tables were when this was planned.
SELECT a.turn, o.*
FROM unnest($1, $2) WITH ORDINALITY AS a (seller, day, turn)
CROSS JOIN LATERAL (SELECT id FROM stores WHERE seller_email = a.seller OFFSET 0) s
CROSS JOIN LATERAL (SELECT * FROM orders WHERE store_id = s.id AND business_day = a.day OFFSET 0) o
ORDER BY a.turn, greatest(o.reservation_at, o.accepted_at, o.completed_at, o.canceled_at) DESC, o.payment_id DESC
