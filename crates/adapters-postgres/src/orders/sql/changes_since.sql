-- What had not ended at $1 and has now: of transactions that began after it, or were under way then. Both are ranges of the key, however long
-- somebody's transaction stays open. What another server's transactions have written (a restored dump) is not seen: its numbers are of no
-- instant here, or long over.
SELECT s.now::text AS now, e.id, e.xid::text::bigint AS transaction, e.payment_id, e.store_id, e.customer_email, e.status
FROM (SELECT pg_current_snapshot() AS now) s
LEFT JOIN (
    SELECT * FROM order_events WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot)
    UNION ALL
    SELECT * FROM order_events WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot)))
) e ON pg_visible_in_snapshot(e.xid, s.now)
ORDER BY e.id
LIMIT $2
