SELECT h.payment_id AS key, jsonb_build_object('payment_id', h.payment_id, 'product_id', h.product_id, 'quantity', h.quantity, 'price', h.price,
    'created_at', h.created_at, 'sale', nullif(h.sale, 0), 'total_amount', h.total_amount, 'customer_id', h.customer_email) AS row
FROM holds h WHERE h.state = 'held'
