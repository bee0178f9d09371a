-- Nothing is sold or held at first, and the adjustment makes left what it was; recount.sql comes next. $3: the business day.
WITH product AS (
    SELECT p.* FROM jsonb_to_recordset($1) AS p (
        id text, store_id text, name text, description text, price bigint, sale integer, initial_stock integer, "left" integer, oversold integer, version integer,
        nutrition_types text[], created_at timestamptz)
), written AS (
    INSERT INTO products (id, store_id, name, description, price, sale, initial_stock, adjustment, oversold, version, nutrition_types, created_at, updated_at, stock_day)
    SELECT p.id, p.store_id, p.name, p.description, p.price, p.sale, p.initial_stock, p."left" - p.initial_stock, p.oversold, p.version, p.nutrition_types, p.created_at, $2, $3
    FROM product p JOIN stores s ON s.id = p.store_id
    ORDER BY p.id
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, description = excluded.description, price = excluded.price, sale = excluded.sale,
        initial_stock = excluded.initial_stock, sold = 0, held = 0, adjustment = excluded.adjustment, oversold = excluded.oversold,
        version = greatest(products.version + 1, excluded.version), nutrition_types = excluded.nutrition_types, updated_at = excluded.updated_at,
        stock_day = excluded.stock_day
    WHERE products.store_id = excluded.store_id
    RETURNING id
)
SELECT p.id AS key FROM product p WHERE NOT EXISTS (SELECT FROM written WHERE written.id = p.id) ORDER BY 1
