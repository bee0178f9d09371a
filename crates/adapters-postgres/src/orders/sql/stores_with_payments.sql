SELECT DISTINCT store_id, portone_store_id FROM holds
WHERE created_at >= $1 AND created_at < $2 AND (store_id, portone_store_id) > ($3, $4)
ORDER BY store_id, portone_store_id
LIMIT $5
