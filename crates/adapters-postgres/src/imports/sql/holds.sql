WITH cart AS (
    SELECT * FROM jsonb_to_recordset($1) AS c (
        payment_id text, customer text, product_id text, store_id text, portone_store_id text, quantity integer, price bigint, sale integer,
        total_amount bigint, business_day date, created_at timestamptz, expires_at timestamptz, is_over boolean)
), hold AS (
    INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day,
                       created_at, expires_at, state, ended_because, ended_at, next_look_at)
    SELECT payment_id, customer, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day, created_at,
           expires_at, CASE WHEN is_over THEN 'released' ELSE 'held' END, CASE WHEN is_over THEN 'expired' END,
           CASE WHEN is_over THEN expires_at END, CASE WHEN is_over THEN $2 ELSE expires_at END
    FROM cart
    ON CONFLICT DO NOTHING
    RETURNING payment_id, store_id, state
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role)
    SELECT payment_id, store_id, $2, 'imported', state, 'operator' FROM hold
)
SELECT payment_id AS key FROM hold
