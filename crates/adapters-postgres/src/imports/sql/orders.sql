-- An order that is here keeps who bought it, which may be a pseudonym by now.
WITH bought AS (
    SELECT * FROM jsonb_to_recordset($1) AS o (
        payment_id text, customer text, customer_nickname text, customer_phone_number text, product_id text, product_name text, store_id text,
        store_name text, quantity integer, price bigint, sale integer, total_amount bigint, status text, business_day date,
        reservation_at timestamptz, accepted_at timestamptz, completed_at timestamptz, canceled_at timestamptz, cancel_reason text,
        preferred_menus text[], nutrition_types text[], allergies text[], topping_types text[], portone_store_id text, created_at timestamptz,
        expires_at timestamptz, refund_reason text)
), hold AS (
    INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day,
                       created_at, expires_at, state, ended_at)
    SELECT payment_id, customer, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day, created_at,
           expires_at, 'ordered', reservation_at
    FROM bought
    ON CONFLICT (payment_id) DO UPDATE SET state = 'ordered', ended_because = NULL, ended_at = excluded.ended_at, next_look_at = NULL
), refund AS (
    INSERT INTO refunds (payment_id, store_id, reason, state, requested_at, amount)
    SELECT payment_id, store_id, refund_reason, 'succeeded', canceled_at, total_amount FROM bought WHERE status = 'cancel'
    ON CONFLICT DO NOTHING
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role)
    SELECT payment_id, store_id, $2, 'imported', status, 'operator' FROM bought
)
INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name, store_id, store_name,
                    quantity, price, sale, total_amount, status, business_day, reservation_at, accepted_at, completed_at, canceled_at,
                    cancel_reason, preferred_menus, nutrition_types, allergies, topping_types)
SELECT payment_id, customer, customer_nickname, customer_phone_number, product_id, product_name, store_id, store_name, quantity, price, sale,
       total_amount, status, business_day, reservation_at, accepted_at, completed_at, canceled_at, cancel_reason, preferred_menus,
       nutrition_types, allergies, topping_types
FROM bought
ON CONFLICT (payment_id) DO UPDATE
SET status = excluded.status, accepted_at = excluded.accepted_at, completed_at = excluded.completed_at, canceled_at = excluded.canceled_at,
    cancel_reason = excluded.cancel_reason
