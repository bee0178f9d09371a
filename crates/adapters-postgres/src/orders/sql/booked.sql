SELECT h.payment_id, h.store_id, h.portone_store_id, h.total_amount, h.state, r.state AS refund
FROM holds h LEFT JOIN refunds r ON r.payment_id = h.payment_id
WHERE h.payment_id = ANY ($1)
