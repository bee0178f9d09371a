SELECT jsonb_build_object(
    'email', a.email, 'role', a.role, 'is_active', a.is_active, 'created_at', a.created_at, 'nickname', c.nickname, 'phone_number', c.phone_number,
    'providers', coalesce((SELECT jsonb_agg(i.provider ORDER BY i.provider) FROM account_identities i WHERE i.email = a.email AND i.cut_at IS NULL), '[]'),
    'open_holds', (SELECT count(*) FROM holds h WHERE h.customer_email = a.email AND h.state = 'held' AND h.created_at > $2::timestamptz - interval '1 day'),
    'fruitless', (SELECT count(*) FROM holds h WHERE h.customer_email = a.email AND h.state = 'released' AND h.created_at > $2::timestamptz - interval '1 hour'),
    'notices', (SELECT concat_ws(', ', CASE WHEN n.opens THEN 'opens' END, CASE WHEN n.price_drops THEN 'price_drops' END,
                CASE WHEN n.back_in_stock THEN 'back_in_stock' END, CASE WHEN n.by_mail THEN 'by_mail' END, CASE WHEN n.by_push THEN 'by_push' END)
                FROM notice_choices n WHERE n.customer_email = a.email),
    'payments', coalesce((SELECT jsonb_agg(to_jsonb(h) ORDER BY h.created_at DESC) FROM (
        SELECT payment_id, created_at, state, total_amount FROM holds WHERE customer_email = a.email ORDER BY created_at DESC LIMIT $3::bigint) h), '[]')
) AS view
FROM accounts a LEFT JOIN customers c ON c.email = a.email WHERE a.email = $1
