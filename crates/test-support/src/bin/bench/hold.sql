-- A customer's checkouts come one after another, and holds_of_customer reads what the one before has done. Locks the customer, then
-- the hold that is replaced ($14), then the product.
WITH mine AS MATERIALIZED (
    SELECT h.payment_id, h.product_id, h.quantity, h.business_day, h.created_at, h.expires_at, h.state, h.replaced_by
    FROM holds_of_customer($2, $16) h
), counted AS (
    SELECT coalesce(sum(m.quantity) FILTER (WHERE m.state = 'ordered' AND m.product_id = $3 AND m.business_day = $9 AND bought.status IS DISTINCT FROM 'cancel'), 0) AS ordered_pieces
    FROM mine m LEFT JOIN orders bought ON bought.payment_id = m.payment_id
    HAVING count(*) FILTER (WHERE m.state = 'held' AND m.product_id = $3 AND m.payment_id IS DISTINCT FROM $14) = 0
       AND count(*) FILTER (WHERE m.state = 'held' AND m.product_id <> $3 AND m.expires_at > $10) < $17
       AND count(*) FILTER (WHERE m.state = 'released' AND m.replaced_by IS NULL AND m.created_at > $18) < $19
), replaced AS (
    SELECT h.payment_id, h.store_id, h.quantity, h.business_day
    FROM counted, holds h WHERE h.payment_id = $14 AND h.state = 'held' FOR UPDATE OF h
), ready AS (
    SELECT counted.ordered_pieces, replaced.quantity AS given_back, replaced.business_day
    FROM counted LEFT JOIN replaced ON true WHERE $14 IS NULL OR replaced.payment_id IS NOT NULL
), taken AS (
    UPDATE products p
    SET held = p.held + $4 - CASE WHEN r.business_day >= p.stock_day THEN r.given_back ELSE 0 END, version = p.version + 1, updated_at = $10
    FROM ready r
    WHERE p.id = $3 AND p.price = $5 AND p.sale = $6
      AND p.initial_stock + p.adjustment - p.sold - p.held + CASE WHEN r.business_day >= p.stock_day THEN r.given_back ELSE 0 END >= $4
      AND (p.max_per_customer IS NULL OR r.ordered_pieces + $4 <= p.max_per_customer)
    RETURNING p.store_id, p.past_prices
), released AS (
    UPDATE holds SET state = 'released', ended_because = $15, ended_at = $10, next_look_at = $20, replaced_by = $1
    FROM replaced, taken WHERE holds.payment_id = replaced.payment_id
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
    SELECT replaced.payment_id, replaced.store_id, $10, 'released', $15, 'customer', $2, $12 FROM replaced, taken
)
INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id,
                   business_day, created_at, expires_at, next_look_at, request_id, seen_prices)
SELECT $1, $2, $3, store_id, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12,
       (SELECT jsonb_agg(jsonb_build_object('price', past.price, 'sale', past.sale) ORDER BY past.until DESC)
        FROM jsonb_to_recordset(past_prices) AS past (price bigint, sale integer, until timestamptz) WHERE past.until > $13)
FROM taken
