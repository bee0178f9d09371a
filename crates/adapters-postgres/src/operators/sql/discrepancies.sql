SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.closed_at IS NOT NULL, d.entry DESC), '[]') AS view FROM (
    SELECT a.id AS entry, a.payment_id, a.store_id, a.at, a.detail, c.assigned_to, c.closed_at, c.closed_by, c.reason
    FROM audit_log a LEFT JOIN discrepancy_cases c ON c.entry = a.id
    WHERE a.event = 'discrepancy' ORDER BY c.closed_at IS NOT NULL, a.id DESC LIMIT $1::bigint) d
