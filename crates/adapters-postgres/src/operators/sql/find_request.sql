-- What a request did: it made the hold, or stands in the audit log. A payment's id has its time first, and so has a request's, from the same
-- clock and a little earlier: the hold is looked for among the next ones.
WITH done AS (
    SELECT payment_id FROM audit_log WHERE request_id = $1
    UNION
    SELECT payment_id FROM (SELECT payment_id, request_id FROM holds WHERE payment_id >= $2 ORDER BY payment_id LIMIT 5000) next
    WHERE request_id = $1
)
SELECT coalesce(jsonb_agg(found ORDER BY found ->> 'id' DESC), '[]') AS view FROM (
    SELECT jsonb_build_object('kind', 'payment', 'id', h.payment_id, 'text', h.state || ' · ' || h.customer_email || ' · ' || h.total_amount || '원') AS found
    FROM done JOIN holds h USING (payment_id) ORDER BY h.payment_id DESC LIMIT $3::bigint
) payments
