ALTER TABLE products ADD COLUMN price_steps jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN products.price_steps IS 'what takes the place of sale before the end of pickup, the first to be reached first: [{minutes_before_pickup_end, sale}]';

-- As the one of the same name before, which the version before goes on calling; it has fewer arguments. Steps are compared as price and
-- own sale are: what the caller has computed by them holds only where they are so still. `stepped_prices` ended at a step; of them those
-- count that were in force since the product was last changed.
-- Many customers' holds in one transaction, at most one of each customer. Each is decided by itself, in the order in which they stand:
-- one that asks for seven of five that are left gets nothing, and the one for one after it gets it. Gives who got what they asked for;
-- unless it waits, whoever is not named was not decided, because somebody else has the customer, the hold to be replaced or the
-- product locked just now.
-- Locks the customers, then the holds that are replaced, then the products, as every statement does that needs several of these. When
-- all locks are there, the one statement after them reads what was written before.
-- Without sequential scans: the plans are made when the session begins, of tables that may be small then.
CREATE FUNCTION hold_together(
    asked_payments text[], asked_customers text[], asked_products text[], quantities integer[], prices bigint[], sales integer[],
    totals bigint[], portone_stores text[], days date[], instants timestamptz[], ends timestamptz[], requests text[],
    replaced_payments text[], replaced_ends text[], own_sales integer[], steps jsonb[], stepped_prices jsonb[],
    remembered interval, price_seen interval, holds_at_once bigint, fruitless_for interval, most_fruitless bigint, first_look interval,
    waits boolean
) RETURNS TABLE (payment text, is_held boolean) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    free_customers text[];
    free_holds text[];
    free_products text[];
BEGIN
    IF waits THEN
        PERFORM pg_advisory_xact_lock(customer.key)
        FROM (SELECT DISTINCT hashtextextended(c, 0) AS key FROM unnest(asked_customers) c ORDER BY key) customer;
        PERFORM 1 FROM holds WHERE payment_id = ANY (replaced_payments) ORDER BY payment_id FOR NO KEY UPDATE;
        PERFORM 1 FROM products WHERE id = ANY (asked_products) ORDER BY id FOR NO KEY UPDATE;
    ELSE
        free_customers := ARRAY(SELECT c FROM unnest(asked_customers) c WHERE pg_try_advisory_xact_lock(hashtextextended(c, 0)));
        free_holds := ARRAY(SELECT payment_id FROM holds WHERE payment_id = ANY (replaced_payments) FOR NO KEY UPDATE SKIP LOCKED);
        free_products := ARRAY(SELECT id FROM products WHERE id = ANY (asked_products) FOR NO KEY UPDATE SKIP LOCKED);
    END IF;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.*
        FROM unnest(asked_payments, asked_customers, asked_products, quantities, prices, sales, totals, portone_stores, days, instants,
                    ends, requests, replaced_payments, replaced_ends, own_sales, steps, stepped_prices)
            WITH ORDINALITY AS a (payment, customer, product, quantity, price, sale, total, portone_store, day, instant,
                                  ends, request, replaces, replaced_end, own_sale, price_steps, stepped, turn)
        WHERE waits OR (a.customer = ANY (free_customers) AND a.product = ANY (free_products)
                        AND (a.replaces IS NULL OR a.replaces = ANY (free_holds)))
    ), wanted AS (
        SELECT a.*, p.store_id, p.past_prices, coalesce(p.price_since, p.created_at) AS price_since, p.initial_stock + p.adjustment - p.sold - p.held AS at_first,
               p.price = a.price AND p.sale = a.own_sale AND p.price_steps = a.price_steps AND (a.replaces IS NULL OR replaced.payment_id IS NOT NULL)
                   AND mine.unpaid = 0 AND mine.others < holds_at_once AND mine.fruitless < most_fruitless
                   AND (p.max_per_customer IS NULL OR mine.ordered_pieces + a.quantity <= p.max_per_customer) AS may,
               a.quantity - CASE WHEN replaced.business_day >= p.stock_day THEN replaced.quantity ELSE 0 END AS pieces
        FROM asked a
        JOIN products p ON p.id = a.product
        LEFT JOIN holds replaced ON replaced.payment_id = a.replaces AND replaced.state = 'held'
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE h.state = 'held' AND h.product_id = a.product AND h.payment_id IS DISTINCT FROM a.replaces) AS unpaid,
                   count(*) FILTER (WHERE h.state = 'held' AND h.product_id <> a.product AND h.expires_at > a.instant) AS others,
                   count(*) FILTER (WHERE h.state = 'released' AND h.replaced_by IS NULL AND h.created_at > a.instant - fruitless_for) AS fruitless,
                   coalesce(sum(h.quantity) FILTER (WHERE h.state = 'ordered' AND h.product_id = a.product AND h.business_day = a.day
                                                      AND bought.status IS DISTINCT FROM 'cancel'), 0) AS ordered_pieces
            FROM holds h LEFT JOIN orders bought ON bought.payment_id = h.payment_id
            WHERE h.customer_email = a.customer AND h.created_at > a.instant - remembered
        ) mine
    ), taken_in_turn AS (
        SELECT w.*, left_over(w.at_first, CASE WHEN w.may THEN w.pieces ELSE 0 END) OVER in_turn AS left_after
        FROM wanted w WINDOW in_turn AS (PARTITION BY w.product ORDER BY w.turn ROWS UNBOUNDED PRECEDING)
    ), decided AS MATERIALIZED (
        SELECT t.*, t.may AND t.pieces <= coalesce(lag(t.left_after) OVER (PARTITION BY t.product ORDER BY t.turn), t.at_first) AS gets_it
        FROM taken_in_turn t
    ), taken AS (
        UPDATE products p SET held = p.held + got.pieces, version = p.version + got.number, updated_at = got.instant
        FROM (SELECT d.product, sum(d.pieces)::integer AS pieces, count(*)::integer AS number, max(d.instant) AS instant
              FROM decided d WHERE d.gets_it GROUP BY d.product) got
        WHERE p.id = got.product
    ), released AS (
        UPDATE holds h
        SET state = 'released', ended_because = d.replaced_end, ended_at = d.instant, next_look_at = d.instant + first_look, replaced_by = d.payment
        FROM decided d WHERE d.gets_it AND h.payment_id = d.replaces
    ), logged AS (
        INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
        SELECT d.replaces, d.store_id, d.instant, 'released', d.replaced_end, 'customer', d.customer, d.request
        FROM decided d WHERE d.gets_it AND d.replaces IS NOT NULL
    ), made AS (
        INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id,
                           business_day, created_at, expires_at, next_look_at, request_id, seen_prices)
        SELECT d.payment, d.customer, d.product, d.store_id, d.quantity, d.price, d.sale, d.total, d.portone_store, d.day, d.instant, d.ends,
               d.ends, d.request,
               (SELECT jsonb_agg(jsonb_build_object('price', past.price, 'sale', past.sale) ORDER BY past.until DESC)
                FROM (SELECT price, sale, until FROM jsonb_to_recordset(d.past_prices) AS p (price bigint, sale integer, until timestamptz)
                      WHERE until > d.instant - price_seen
                      UNION ALL
                      SELECT price, sale, until FROM jsonb_to_recordset(d.stepped) AS s (price bigint, sale integer, until timestamptz)
                      WHERE until > d.price_since) past)
        FROM decided d WHERE d.gets_it
    )
    SELECT d.payment, d.gets_it FROM decided d;
END $$;
