-- $7: whether the limit is to be $8. $12 to $14: price, sale and steps as they were read; where they are others, nothing is changed. What is
-- another price from now ($9) on stays known until it is older than $10: of $15, the prices of the last hour as if these had been in
-- force all the time, those since they are.
UPDATE products
SET name = coalesce($3, name), description = coalesce($4, description), price = coalesce($5, price), sale = coalesce($6, sale),
    price_steps = coalesce($11, price_steps),
    max_per_customer = CASE WHEN $7 THEN $8 ELSE max_per_customer END,
    price_since = CASE WHEN (coalesce($5, price), coalesce($6, sale), coalesce($11, price_steps)) = (price, sale, price_steps)
                       THEN price_since ELSE $9 END,
    past_prices = CASE WHEN (coalesce($5, price), coalesce($6, sale), coalesce($11, price_steps)) = (price, sale, price_steps)
                       THEN past_prices ELSE (
        SELECT coalesce(jsonb_agg(kept.past ORDER BY kept.until), '[]')
        FROM (
            SELECT past, (past ->> 'until')::timestamptz AS until FROM jsonb_array_elements(past_prices) p (past)
            UNION ALL
            SELECT jsonb_build_object('price', s.price, 'sale', s.sale, 'from', greatest(s."from", since.at), 'until', s.until), s.until
            FROM jsonb_to_recordset($15) AS s (price bigint, sale integer, "from" timestamptz, until timestamptz),
                 (SELECT coalesce(price_since, created_at) AS at) since
            WHERE s.until >= since.at
        ) kept
        WHERE kept.until > $10
    ) END,
    version = version + 1, updated_at = $9
WHERE id = $1 AND store_id = $2 AND (price, sale, price_steps) = ($12, $13, $14)
RETURNING id, store_id, name, description, price, sale, price_steps, initial_stock, sold, held, adjustment, version, nutrition_types, max_per_customer
