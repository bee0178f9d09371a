WITH favorite AS (
    SELECT f.email, s.store_id, s.since
    FROM jsonb_to_recordset($1) AS f (email text, stores jsonb) JOIN accounts a ON a.email = f.email AND a.role = 'customer',
         jsonb_to_recordset(f.stores) AS s (store_id text, since timestamptz)
    WHERE EXISTS (SELECT FROM stores WHERE stores.id = s.store_id)
), gone AS (
    DELETE FROM favorites g USING jsonb_to_recordset($1) AS f (email text)
    WHERE g.customer_email = f.email AND NOT EXISTS (SELECT FROM favorite WHERE (favorite.email, favorite.store_id) = (g.customer_email, g.store_id))
)
INSERT INTO favorites (customer_email, store_id, created_at) SELECT email, store_id, since FROM favorite ON CONFLICT DO NOTHING
