-- What of this customer's changes $2 had not seen and $3 has.
SELECT id, xid::text::bigint AS transaction, payment_id, store_id, customer_email, status
FROM order_events
WHERE customer_email = $1 AND id > $4 AND at > now() - interval '1 hour'
  AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot) AND pg_visible_in_snapshot(xid, $3::text::pg_snapshot)
ORDER BY id
LIMIT $5
