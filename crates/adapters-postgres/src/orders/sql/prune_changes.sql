DELETE FROM order_events WHERE ctid = ANY (ARRAY(SELECT ctid FROM order_events WHERE at <= now() - interval '1 hour' ORDER BY xid, id LIMIT $1))
