-- The favourites of one e-mail, in whatever case. Its account is a seller's where that has a store and has not asked to be deleted.
SELECT lower(btrim(f.customer_email, E' \t\r\n\f\v')) AS key, jsonb_build_object(
    'email', lower(btrim(f.customer_email, E' \t\r\n\f\v')),
    'stores', jsonb_agg(jsonb_build_object('store_id', f.store_id, 'created_at', f.created_at) ORDER BY f.store_id, f.created_at),
    'seller_has_store', bool_or(s.key IS NOT NULL)) AS row
FROM customer_favorites f
LEFT JOIN (SELECT DISTINCT lower(btrim(o.seller_email, E' \t\r\n\f\v')) AS key
           FROM stores o JOIN sellers e ON e.email = o.seller_email WHERE e.is_active IS DISTINCT FROM false) s
    ON s.key = lower(btrim(f.customer_email, E' \t\r\n\f\v'))
GROUP BY 1
