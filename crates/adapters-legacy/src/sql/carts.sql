SELECT c.payment_id AS key, to_jsonb(c) || jsonb_build_object('store_id', s.store_id, 'portone_store_id', y.portone_store_id) AS row
FROM cart_items c
LEFT JOIN store_product_info p ON p.product_id = c.product_id
LEFT JOIN stores s ON s.store_id = p.store_id
LEFT JOIN store_payment_info y ON y.store_id = s.store_id
