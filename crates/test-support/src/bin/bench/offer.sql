SELECT p.id AS product_id, p.store_id, p.price, p.sale, p.initial_stock + p.adjustment - p.sold - p.held AS left_over,
       o.day_of_week, o.open_time, o.close_time, o.pickup_start_time, o.pickup_end_time, o.is_open_enabled, s.closed_on, s.suspended, s.withheld,
       sp.portone_store_id, sp.portone_channel_id,
       EXISTS (SELECT 1 FROM customers c WHERE c.email = $2) AS buyer_registered, p.max_per_customer,
       mine.unpaid, mine.unpaid_pieces, mine.ordered_pieces, mine.others, mine.fruitless
FROM products p
JOIN stores s ON s.id = p.store_id
JOIN operation_times o ON o.store_id = p.store_id AND o.day_of_week = $3
LEFT JOIN store_payments sp ON sp.store_id = p.store_id
CROSS JOIN LATERAL (
    SELECT max(h.payment_id) FILTER (WHERE h.state = 'held' AND h.product_id = p.id) AS unpaid,
           coalesce(sum(h.quantity) FILTER (WHERE h.state = 'held' AND h.product_id = p.id AND h.business_day >= p.stock_day), 0)::integer AS unpaid_pieces,
           coalesce(sum(h.quantity) FILTER (WHERE h.state = 'ordered' AND h.product_id = p.id AND h.business_day = $4 AND bought.status IS DISTINCT FROM 'cancel'), 0) AS ordered_pieces,
           coalesce(array_agg(h.expires_at) FILTER (WHERE h.state = 'held' AND h.product_id <> p.id), '{}') AS others,
           coalesce(array_agg(h.created_at) FILTER (WHERE h.state = 'released' AND h.replaced_by IS NULL), '{}') AS fruitless
    FROM holds h LEFT JOIN orders bought ON bought.payment_id = h.payment_id
    WHERE h.customer_email = $2 AND h.created_at > $5
) mine
WHERE p.id = $1
