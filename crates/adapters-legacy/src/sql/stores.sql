-- All stores of one seller's e-mail, in whatever case.
SELECT lower(btrim(s.seller_email, E' \t\r\n\f\v')) AS key, jsonb_build_object(
    'email', lower(btrim(s.seller_email, E' \t\r\n\f\v')),
    'active', bool_or(seller.email IS NOT NULL AND seller.is_active IS DISTINCT FROM false),
    'active_customer', bool_or(customer.key IS NOT NULL),
    'stores', jsonb_agg(to_jsonb(s) || jsonb_build_object(
        'address', to_jsonb(a), 'sns', to_jsonb(n), 'payment', to_jsonb(y), 'images', i.images, 'hours', h.hours, 'planned', h.planned,
        'products', coalesce(p.products, 0)) ORDER BY s.store_id)) AS row
FROM stores s
LEFT JOIN sellers seller ON seller.email = s.seller_email
LEFT JOIN (SELECT DISTINCT lower(btrim(email, E' \t\r\n\f\v')) AS key FROM customers WHERE is_active IS DISTINCT FROM false) customer
    ON customer.key = lower(btrim(s.seller_email, E' \t\r\n\f\v'))
LEFT JOIN store_addresses a ON a.address_id = s.address_id
LEFT JOIN store_sns n ON n.store_id = s.store_id
LEFT JOIN store_payment_info y ON y.store_id = s.store_id
LEFT JOIN (
    SELECT store_id, jsonb_agg(to_jsonb(image) ORDER BY display_order, image_id) AS images FROM store_images image GROUP BY store_id
) i ON i.store_id = s.store_id
LEFT JOIN (
    SELECT o.store_id, jsonb_agg(to_jsonb(o) ORDER BY o.operation_id) AS hours,
           jsonb_agg(to_jsonb(m) ORDER BY o.operation_id) FILTER (WHERE m.operation_id IS NOT NULL) AS planned
    FROM store_operation_info o LEFT JOIN store_operation_info_modifications m ON m.operation_id = o.operation_id
    GROUP BY o.store_id
) h ON h.store_id = s.store_id
LEFT JOIN (SELECT store_id, count(*) AS products FROM store_product_info GROUP BY store_id) p ON p.store_id = s.store_id
GROUP BY 1
