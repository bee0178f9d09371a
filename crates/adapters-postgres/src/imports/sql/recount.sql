-- $1: products, locked by the statement before this one. Sold and held become what orders and holds come to; as many are left as before.
WITH held AS (
    SELECT h.product_id, sum(h.quantity)::integer AS pieces
    FROM holds h JOIN products p ON p.id = h.product_id
    WHERE h.next_look_at IS NOT NULL AND h.state = 'held' AND h.product_id = ANY ($1) AND h.business_day >= p.stock_day
    GROUP BY h.product_id
), sold AS (
    SELECT o.product_id, sum(o.quantity)::integer AS pieces
    FROM orders o JOIN products p ON p.id = o.product_id AND p.store_id = o.store_id
    WHERE p.id = ANY ($1) AND o.business_day >= p.stock_day AND o.status <> 'cancel'
    GROUP BY o.product_id
), counted AS (
    SELECT p.id, coalesce(sold.pieces, 0) AS sold, coalesce(held.pieces, 0) AS held
    FROM products p LEFT JOIN sold ON sold.product_id = p.id LEFT JOIN held ON held.product_id = p.id
    WHERE p.id = ANY ($1)
)
UPDATE products p
SET sold = c.sold, held = c.held, adjustment = p.adjustment + c.sold - p.sold + c.held - p.held, version = p.version + 1, updated_at = $2
FROM counted c WHERE c.id = p.id AND (c.sold, c.held) <> (p.sold, p.held)
