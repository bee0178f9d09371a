-- One day back is holds.rs' OF_A_DAY, for the index's sake. $9: the state that the hold is in. Of a released one the customer's lock is held: what they have is as it stays.
-- Locks the hold, then changes the product, as every statement here. The store's row is share-locked: a store that closes, or
-- whose seller withdraws, or that has to be approved anew, at this moment waits for the order and then sees it, or the order waits and is refused.
WITH hold AS (
    SELECT h.*, s.name AS store_name
    FROM holds h JOIN stores s ON s.id = h.store_id
    WHERE h.payment_id = $1 AND h.state = $9 AND s.closed_on IS DISTINCT FROM h.business_day AND NOT s.suspended AND NOT s.withheld
    FOR UPDATE OF h FOR SHARE OF s
), taken AS (
    UPDATE products p
    SET held = p.held - CASE WHEN h.state = 'held' THEN h.quantity ELSE 0 END,
        sold = p.sold + h.quantity, version = p.version + 1, updated_at = $2
    FROM hold h
    WHERE p.id = h.product_id
      AND (h.state = 'held' OR p.initial_stock + p.adjustment - p.sold - p.held >= h.quantity
           AND (p.max_per_customer IS NULL OR h.quantity + (
               SELECT coalesce(sum(m.quantity), 0) FROM holds m LEFT JOIN orders bought ON bought.payment_id = m.payment_id
               WHERE m.customer_email = h.customer_email AND m.product_id = h.product_id AND m.business_day = h.business_day
                 AND m.created_at > h.created_at - interval '1 day' AND m.state IN ('held', 'ordered') AND bought.status IS DISTINCT FROM 'cancel'
           ) <= p.max_per_customer))
    RETURNING h.payment_id, h.store_id, p.name
), ordered AS (
    UPDATE holds SET state = 'ordered', ended_because = NULL, ended_at = $2, next_look_at = NULL, price = $6, sale = $7, total_amount = $8
    FROM taken WHERE holds.payment_id = taken.payment_id
), told AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at, request_id, store_id)
    SELECT 'mail:placed:' || payment_id, jsonb_build_object('kind', 'order_mail', 'event', 'placed', 'payment_id', payment_id), 20, $2, $5, store_id
    FROM taken
    ON CONFLICT DO NOTHING
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, actor_role, actor, request_id)
    SELECT h.payment_id, h.store_id, $2, 'ordered', $3, $4, $5 FROM hold h JOIN taken ON taken.payment_id = h.payment_id
)
INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name, store_id,
                    store_name, quantity, price, sale, total_amount, status, business_day, reservation_at,
                    preferred_menus, nutrition_types, allergies, topping_types)
SELECT h.payment_id, h.customer_email, coalesce(c.nickname, ''), coalesce(c.phone_number, ''), h.product_id, taken.name, h.store_id,
       h.store_name, h.quantity, $6, $7, $8, 'reservation', h.business_day, $2,
       words.preferred_menus, words.nutrition_types, words.allergies, words.topping_types
FROM hold h
JOIN taken ON taken.payment_id = h.payment_id
LEFT JOIN customers c ON c.email = h.customer_email
CROSS JOIN LATERAL (
    SELECT array_agg(word ORDER BY id) FILTER (WHERE kind = 'preferred_menu') AS preferred_menus,
           array_agg(word ORDER BY id) FILTER (WHERE kind = 'nutrition_type') AS nutrition_types,
           array_agg(word ORDER BY id) FILTER (WHERE kind = 'allergy') AS allergies,
           array_agg(word ORDER BY id) FILTER (WHERE kind = 'topping_type') AS topping_types
    FROM customer_preferences cp WHERE cp.email = h.customer_email
) words
