-- An account, the store of a seller, and the newest payments of a customer.
SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'id', id, 'text', text) ORDER BY n, id DESC), '[]') AS view FROM (
    SELECT 0 AS n, role AS kind, email AS id, CASE WHEN is_active THEN 'active' ELSE 'withdrawn' END AS text FROM accounts WHERE email = $1
    UNION ALL
    SELECT 1, 'store', id, name FROM stores WHERE seller_email = $1
    UNION ALL
    (SELECT 2, 'payment', payment_id, state || ' · ' || total_amount || '원' FROM holds WHERE customer_email = $1 ORDER BY created_at DESC LIMIT $2::bigint)
) found
