SELECT o.payment_id AS key, to_jsonb(o) || jsonb_build_object(
    'customer_nickname', d.nickname, 'customer_phone_number', d.phone_number, 'product_name', p.product_name, 'store_id', s.store_id,
    'store_name', s.store_name, 'portone_store_id', y.portone_store_id,
    'customer_here', EXISTS (SELECT FROM customers c WHERE c.email = o.customer_id) OR EXISTS (SELECT FROM sellers l WHERE l.email = o.customer_id)
) AS row
FROM order_current_items o
LEFT JOIN customer_details d ON d.customer_email = o.customer_id
LEFT JOIN store_product_info p ON p.product_id = o.product_id
LEFT JOIN stores s ON s.store_id = p.store_id
LEFT JOIN store_payment_info y ON y.store_id = s.store_id
