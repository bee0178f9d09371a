SELECT a.turn, p.id AS product_id, p.store_id, p.price, p.sale, p.price_steps, yesterday.pickup_end_time AS ended_yesterday, p.initial_stock + p.adjustment - p.sold - p.held AS left_over,
       o.day_of_week, o.open_time, o.close_time, o.pickup_start_time, o.pickup_end_time, o.is_open_enabled, s.closed_on, s.suspended, s.withheld,
       sp.portone_store_id, sp.portone_channel_id,
       EXISTS (SELECT 1 FROM customers c WHERE c.email = a.customer) AS buyer_registered, p.max_per_customer,
       mine.unpaid, mine.unpaid_pieces, mine.ordered_pieces, mine.others, mine.fruitless
FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY AS a (product, customer, weekday, day, since, turn)
JOIN products p ON p.id = a.product
JOIN stores s ON s.id = p.store_id
JOIN operation_times o ON o.store_id = p.store_id AND o.day_of_week = a.weekday
LEFT JOIN operation_times yesterday
    ON p.price_steps <> '[]' AND yesterday.store_id = p.store_id AND yesterday.day_of_week = (a.weekday + 6) % 7 AND yesterday.is_open_enabled
LEFT JOIN store_payments sp ON sp.store_id = p.store_id
CROSS JOIN LATERAL (
    SELECT max(h.payment_id) FILTER (WHERE h.state = 'held' AND h.product_id = p.id) AS unpaid,
           coalesce(sum(h.quantity) FILTER (WHERE h.state = 'held' AND h.product_id = p.id AND h.business_day >= p.stock_day), 0)::integer AS unpaid_pieces,
           coalesce(sum(h.quantity) FILTER (WHERE h.state = 'ordered' AND h.product_id = p.id AND h.business_day = a.day AND bought.status IS DISTINCT FROM 'cancel'), 0) AS ordered_pieces,
           coalesce(array_agg(h.expires_at) FILTER (WHERE h.state = 'held' AND h.product_id <> p.id), '{}') AS others,
           coalesce(array_agg(h.created_at) FILTER (WHERE h.state = 'released' AND h.replaced_by IS NULL), '{}') AS fruitless
    FROM holds h LEFT JOIN orders bought ON bought.payment_id = h.payment_id
    WHERE h.customer_email = a.customer AND h.created_at > a.since
) mine
