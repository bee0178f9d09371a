-- All of a payment but its order, as one document: each part is a few rows by its key.
SELECT jsonb_build_object(
    'hold', to_jsonb(h),
    'store_name', s.name,
    'refund', to_jsonb(r),
    'audit', coalesce((SELECT jsonb_agg(to_jsonb(a) ORDER BY a.id) FROM (
        SELECT 0 AS id, h.created_at AS at, 'held' AS event, NULL AS detail, 'customer' AS actor_role, h.customer_email AS actor, h.request_id
        UNION ALL
        (SELECT id, at, event, detail, actor_role, actor, request_id FROM audit_log WHERE payment_id = $1 ORDER BY id DESC LIMIT 200)) a), '[]'),
    'tasks', coalesce((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.created_at) FROM tasks t WHERE t.id = ANY (ARRAY[
        'mail:placed:' || $1, 'mail:accepted:' || $1, 'mail:canceled:' || $1, 'webhook:' || h.store_id || ':' || $1])), '[]'),
    'messages', coalesce((SELECT jsonb_agg(to_jsonb(m) ORDER BY m.received_at DESC) FROM (
        SELECT webhook_id, store_id, kind, payment_id, received_at FROM inbox WHERE payment_id = $1 ORDER BY received_at DESC LIMIT 50) m), '[]'),
    'discrepancy', (SELECT d.detail FROM audit_log d LEFT JOIN discrepancy_cases c ON c.entry = d.id
        WHERE d.payment_id = $1 AND d.event = 'discrepancy' AND c.closed_at IS NULL ORDER BY d.id DESC LIMIT 1)
) AS view
FROM holds h LEFT JOIN stores s ON s.id = h.store_id LEFT JOIN refunds r ON r.payment_id = h.payment_id
WHERE h.payment_id = $1
