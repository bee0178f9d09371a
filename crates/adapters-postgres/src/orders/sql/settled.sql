-- $1 begun before, $2 and $3 after this instant and id, $4 limit.
SELECT payment_records(payment_id) AS records FROM (
    SELECT h.payment_id, h.created_at FROM holds h
    WHERE h.created_at < $1 AND h.created_at >= $2 AND (h.created_at, h.payment_id) > ($2, $3)
      AND h.state <> 'held' AND h.next_look_at IS NULL
      AND NOT EXISTS (SELECT FROM orders o WHERE o.payment_id = h.payment_id)
      AND NOT EXISTS (SELECT FROM refunds r WHERE r.payment_id = h.payment_id AND r.state <> 'succeeded')
      AND NOT EXISTS (SELECT FROM disputes d WHERE d.payment_id = h.payment_id AND d.decision IS NULL)
      AND NOT EXISTS (SELECT FROM audit_log a WHERE a.payment_id = h.payment_id AND a.event = 'discrepancy')
    ORDER BY h.created_at, h.payment_id LIMIT $4
) settled ORDER BY created_at, payment_id
