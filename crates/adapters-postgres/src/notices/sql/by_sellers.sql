-- From $1 until $2: whose price was changed, with the one before it, and what was there again.
WITH changed AS (
    SELECT * FROM products p
    WHERE greatest(p.price_since, p.restocked_at) >= $1 AND EXISTS (SELECT FROM favorites f WHERE f.store_id = p.store_id)
)
SELECT c.store_id, 'price_drops' AS kind, c.id AS product_id, (past.price ->> 'price')::bigint AS price, (past.price ->> 'sale')::integer AS sale,
       c.price_since AS at
FROM changed c
CROSS JOIN LATERAL (
    SELECT p AS price FROM jsonb_array_elements(c.past_prices) p ORDER BY (p ->> 'until')::timestamptz DESC LIMIT 1
) past
WHERE c.price_since BETWEEN $1 AND $2
UNION ALL
SELECT store_id, 'back_in_stock', id, NULL, NULL, restocked_at FROM changed WHERE restocked_at BETWEEN $1 AND $2
