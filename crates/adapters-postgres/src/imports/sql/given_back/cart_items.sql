-- What holds stock here, whenever that began: what is unpaid is asked about on either side.
SELECT h.payment_id AS key, CASE WHEN h.state = 'held' THEN jsonb_build_object('row', jsonb_build_object('payment_id', h.payment_id,
        'product_id', h.product_id, 'quantity', h.quantity, 'price', h.price, 'created_at', h.created_at, 'sale', nullif(h.sale, 0),
        'total_amount', h.total_amount, 'customer_id', h.customer_email))
    ELSE jsonb_build_object('gone', jsonb_build_object('payment_id', h.payment_id)) END AS change
FROM holds h WHERE h.state = 'held' OR h.ended_at > $1
