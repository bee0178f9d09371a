-- $1 store, $2 kind, $3 occasion's id, $4 business day, $5 after whom, $6 people of the page, $7 only who wants it at night, $8 the most in a
-- day, $9 the batch, $10 its task's payload, $11 now. Whoever was told of this occasion on the day before (in the night) is not told again.
WITH page AS MATERIALIZED (
    SELECT f.customer_email AS email FROM favorites f WHERE f.store_id = $1 AND f.customer_email > $5 ORDER BY f.customer_email LIMIT $6
), audience AS MATERIALIZED (
    SELECT p.email, free.place
    FROM page p
    -- By their addresses: how few they are no plan knows that is made for every page.
    CROSS JOIN LATERAL (SELECT * FROM notice_choices WHERE customer_email = p.email OFFSET 0) c
    JOIN accounts a ON a.email = p.email AND a.is_active
    CROSS JOIN LATERAL (
        SELECT min(n) AS place FROM generate_series(1, $8) n
        WHERE NOT EXISTS (SELECT FROM notices x WHERE x.customer_email = p.email AND x.business_day = $4 AND x.place = n)
    ) free
    WHERE CASE $2 WHEN 'opens' THEN c.opens WHEN 'price_drops' THEN c.price_drops ELSE c.back_in_stock END
      AND (c.at_night OR NOT $7)
      AND (c.by_mail AND a.email_vouched
           OR c.by_push AND EXISTS (SELECT FROM push_subscriptions s WHERE s.customer_email = p.email))
      AND NOT EXISTS (SELECT FROM notices x WHERE x.customer_email = p.email AND x.business_day = $4 AND x.store_id = $1)
      AND NOT EXISTS (SELECT FROM notices x WHERE x.customer_email = p.email AND x.business_day = $4 - 1 AND x.store_id = $1 AND x.occasion = $3)
      AND free.place IS NOT NULL
), claimed AS (
    INSERT INTO notices (customer_email, business_day, place, store_id, kind, occasion, batch, claimed_at)
    SELECT email, $4, place, $1, $2, $3, $9, $11 FROM audience ORDER BY email
    ON CONFLICT DO NOTHING
    RETURNING customer_email
), task AS (
    INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
    SELECT 'notices:batch:' || $9, $1, $10, 20, $11 WHERE EXISTS (SELECT FROM claimed)
)
SELECT (SELECT max(email) FROM page) AS last, (SELECT count(*) FROM audience) AS wanted, (SELECT count(*) FROM claimed) AS claimed
