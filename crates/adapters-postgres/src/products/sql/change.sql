-- $7: whether the limit is to be $8. A price or discount that is another from now ($9) on stays known until it is older than $10.
UPDATE products
SET name = coalesce($3, name), description = coalesce($4, description), price = coalesce($5, price), sale = coalesce($6, sale),
    max_per_customer = CASE WHEN $7 THEN $8 ELSE max_per_customer END,
    price_since = CASE WHEN (coalesce($5, price), coalesce($6, sale)) = (price, sale) THEN price_since ELSE $9 END,
    past_prices = CASE WHEN (coalesce($5, price), coalesce($6, sale)) = (price, sale) THEN past_prices ELSE (
        SELECT jsonb_agg(past ORDER BY n)
        FROM jsonb_array_elements(past_prices || jsonb_build_object('price', price, 'sale', sale, 'from', coalesce(price_since, created_at), 'until', $9))
             WITH ORDINALITY AS p (past, n)
        WHERE (past ->> 'until')::timestamptz > $10
    ) END,
    version = version + 1, updated_at = $9
WHERE id = $1 AND store_id = $2
RETURNING id, store_id, name, description, price, sale, initial_stock, sold, held, adjustment, version, nutrition_types, max_per_customer
