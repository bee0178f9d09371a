SELECT at, event, detail, actor_role, actor, request_id FROM (
    SELECT 0 AS id, created_at AS at, 'held' AS event, NULL AS detail, 'customer' AS actor_role, customer_email AS actor, request_id
    FROM holds WHERE payment_id = $1 AND store_id = $2
    UNION ALL
    SELECT id, at, event, detail, actor_role, actor, request_id FROM audit_log WHERE payment_id = $1 AND store_id = $2
) entries ORDER BY id
