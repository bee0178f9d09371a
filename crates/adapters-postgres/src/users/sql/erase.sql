-- Of an account that is gone already the other stores may still know.
-- $1 e-mail, $2 pseudonym, $3 the current business day, $4 now, $5 nickname and $6 phone number of nobody. No row: there is no such account.
WITH asked AS (
    SELECT a.email, a.is_active, s.id AS store_id
    FROM accounts a LEFT JOIN stores s ON s.seller_email = a.email WHERE a.email = $1 FOR UPDATE OF a
), busy AS (
    SELECT EXISTS (SELECT 1 FROM orders o, asked WHERE (o.customer_email = $1 OR o.store_id = asked.store_id)
                   AND (o.status IN ('reservation', 'accept') OR o.business_day < $3 AND o.customer_email = $1))
        OR EXISTS (SELECT 1 FROM holds h, asked WHERE (h.customer_email = $1 OR h.store_id = asked.store_id) AND h.next_look_at IS NOT NULL)
        OR EXISTS (SELECT 1 FROM refunds r JOIN holds h ON h.payment_id = r.payment_id, asked
                   WHERE r.state <> 'succeeded' AND (h.customer_email = $1 OR h.store_id = asked.store_id))
        OR EXISTS (SELECT 1 FROM disputes d, asked WHERE d.decision IS NULL AND (d.customer_email = $1 OR d.store_id = asked.store_id)) AS busy
), gone AS (
    DELETE FROM accounts a USING asked, busy WHERE a.email = asked.email AND NOT asked.is_active AND NOT busy.busy RETURNING a.email
), of_orders AS (
    UPDATE orders SET customer_email = $2, customer_nickname = $5, customer_phone_number = $6 FROM gone WHERE customer_email = gone.email
), of_holds AS (
    UPDATE holds SET customer_email = $2 FROM gone WHERE customer_email = gone.email
), of_audit_log AS (
    UPDATE audit_log SET actor = $2 FROM gone WHERE actor = gone.email
), of_streams AS (
    DELETE FROM order_events USING gone WHERE customer_email = gone.email
), of_keys AS (
    DELETE FROM idempotency_keys USING gone WHERE account = gone.email
), of_disputes AS (
    UPDATE disputes SET customer_email = $2, text = '', pictures = '{}' FROM gone WHERE customer_email = gone.email
), of_identities AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at)
    SELECT 'unlink:' || i.provider || ':' || $2,
           jsonb_build_object('kind', 'unlink', 'provider', i.provider, 'user_id', i.provider_user_id), 20, $4
    FROM account_identities i JOIN gone ON gone.email = i.email WHERE i.cut_at IS NULL
    ON CONFLICT DO NOTHING
), of_pictures AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at)
    SELECT 'object:' || i.key, jsonb_build_object('kind', 'delete_object', 'key', i.key), 20, $4
    FROM (
        SELECT key, store_id FROM store_images
        UNION ALL SELECT licence, store_id FROM store_approvals WHERE licence IS NOT NULL
        UNION ALL SELECT unnest(pictures), store_id FROM disputes
    ) i JOIN asked ON asked.store_id = i.store_id, gone
    UNION SELECT 'object:' || p.key, jsonb_build_object('kind', 'delete_object', 'key', p.key), 20, $4
    FROM disputes d JOIN gone ON gone.email = d.customer_email, unnest(d.pictures) p (key)
    ON CONFLICT DO NOTHING
), unfinished AS (
    INSERT INTO erasures (pseudonym, email, erased_at) SELECT $2, $1, $4 WHERE EXISTS (SELECT FROM gone) OR NOT EXISTS (SELECT FROM asked) AND NOT EXISTS (SELECT FROM erasures WHERE email = $1)
    ON CONFLICT DO NOTHING
)
SELECT asked.is_active, busy.busy FROM asked, busy
