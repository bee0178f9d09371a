INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
SELECT $1, $2, $4, 'discrepancy', $3, $5, $6, $7
WHERE NOT EXISTS (
    SELECT 1 FROM audit_log
    WHERE id = (SELECT max(id) FROM audit_log WHERE payment_id = $1 AND store_id = $2) AND event = 'discrepancy' AND detail = $3)
