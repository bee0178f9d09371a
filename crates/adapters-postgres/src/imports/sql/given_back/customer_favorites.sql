SELECT f.customer_email || '/' || f.store_id AS key, jsonb_build_object('customer_email', f.customer_email, 'store_id', f.store_id, 'created_at', f.created_at) AS row
FROM favorites f WHERE f.created_at > $1
