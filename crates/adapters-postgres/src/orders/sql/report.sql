INSERT INTO audit_trail (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
SELECT $1, $2, $4, 'difference', $3, $5, $6, $7
WHERE NOT EXISTS (
    SELECT 1 FROM audit_trail
    WHERE id = (SELECT max(id) FROM audit_trail WHERE payment_id = $1 AND store_id = $2) AND event = 'difference' AND detail = $3)
