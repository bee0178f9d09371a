-- The favourites of one e-mail, in whatever case. Its account is a seller's where that has a store.
SELECT lower(btrim(f.customer_email, E' \t\r\n\f\v')) AS key, jsonb_build_object(
    'email', lower(btrim(f.customer_email, E' \t\r\n\f\v')),
    'stores', jsonb_agg(jsonb_build_object('store_id', f.store_id, 'created_at', f.created_at) ORDER BY f.store_id, f.created_at),
    'seller_has_store', bool_or(s.key IS NOT NULL)) AS row
FROM customer_favorites f
LEFT JOIN (SELECT DISTINCT lower(btrim(seller_email, E' \t\r\n\f\v')) AS key FROM stores) s ON s.key = lower(btrim(f.customer_email, E' \t\r\n\f\v'))
GROUP BY 1
