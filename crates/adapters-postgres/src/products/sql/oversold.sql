-- Counted from the orders and holds themselves, not from the products' counters: those may be what is wrong.
WITH promised AS (
    SELECT product_id, business_day, quantity FROM orders WHERE status <> 'cancel'
    UNION ALL
    SELECT product_id, business_day, quantity FROM holds WHERE next_look_at IS NOT NULL AND state = 'held'
), pieces AS (
    SELECT p.id, sum(promised.quantity) AS promised, p.initial_stock + p.adjustment AS there
    FROM promised JOIN products p ON p.id = promised.product_id AND promised.business_day >= p.stock_day
    GROUP BY p.id
)
SELECT count(*) AS products FROM pieces WHERE promised > there
