SELECT h.payment_id, h.store_id, h.portone_store_id, h.total_amount, h.state, r.state AS refund
FROM holds h LEFT JOIN refunds r ON r.payment_id = h.payment_id
WHERE h.store_id = $1 AND h.created_at >= $2 AND h.created_at < $3 AND h.state IN ('ordered', 'refunded')
