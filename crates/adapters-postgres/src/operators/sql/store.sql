SELECT jsonb_build_object(
    'id', s.id, 'name', s.name, 'seller_email', s.seller_email, 'phone', s.phone, 'address', s.address || ' ' || s.detail_address,
    'closed_on', s.closed_on, 'suspended', s.suspended,
    'has_payments', EXISTS (SELECT FROM store_payments y WHERE y.store_id = s.id),
    'hours', coalesce((SELECT jsonb_agg(to_jsonb(o) ORDER BY o.day_of_week) FROM operation_times o WHERE o.store_id = s.id), '[]'),
    'products', coalesce((SELECT jsonb_agg(jsonb_build_object('name', p.name, 'price', p.price, 'sale', p.sale, 'held', p.held, 'sold', p.sold,
        'left', p.initial_stock + p.adjustment - p.sold - p.held) ORDER BY p.id) FROM (
            SELECT * FROM products WHERE store_id = s.id ORDER BY id LIMIT $2::bigint) p), '[]'),
    'payments', coalesce((SELECT jsonb_agg(to_jsonb(h) ORDER BY h.created_at DESC) FROM (
        SELECT payment_id, created_at, state, total_amount FROM holds WHERE store_id = s.id ORDER BY created_at DESC LIMIT $2::bigint) h), '[]'),
    'reviews', coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.id DESC) FROM (
        SELECT id, rating, text, created_at, hidden_at, (SELECT count(*) FROM review_reports p WHERE p.review_id = reviews.id) AS reports
        FROM reviews WHERE store_id = s.id ORDER BY id DESC LIMIT $2::bigint) r), '[]')
) AS view
FROM stores s WHERE s.id = $1
