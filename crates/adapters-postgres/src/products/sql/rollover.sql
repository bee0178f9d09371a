-- $1: products, locked by the statement before this one, so that its snapshot has all that they count. $2: reserved stock or NULL.
WITH wanted AS (
    SELECT * FROM unnest($1, $2) AS w (id, new_stock)
), held AS (
    SELECT product_id, sum(quantity)::integer AS pieces FROM holds
    WHERE next_look_at IS NOT NULL AND state = 'held' AND business_day >= $3 AND product_id = ANY ($1)
    GROUP BY product_id
), sold AS (
    SELECT o.product_id, sum(o.quantity)::integer AS pieces
    FROM orders o JOIN products p ON p.id = o.product_id AND p.store_id = o.store_id
    WHERE p.id = ANY ($1) AND o.business_day >= $3 AND o.status <> 'cancel'
    GROUP BY o.product_id
), counted AS (
    SELECT p.id, coalesce(w.new_stock, p.initial_stock) AS initial, coalesce(sold.pieces, 0) AS sold, coalesce(held.pieces, 0) AS held
    FROM products p JOIN wanted w ON w.id = p.id
    LEFT JOIN sold ON sold.product_id = p.id
    LEFT JOIN held ON held.product_id = p.id
)
UPDATE products p
SET initial_stock = c.initial, sold = c.sold, held = c.held, adjustment = greatest(0, c.sold + c.held - c.initial),
    stock_day = $3, version = p.version + 1, updated_at = $4
FROM counted c WHERE c.id = p.id
