WITH opened AS (
    INSERT INTO disputes (payment_id, store_id, customer_email, product_name, quantity, total_amount, reason, text, pictures, opened_at)
    SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10 FROM stores WHERE id = $2
    ON CONFLICT DO NOTHING RETURNING payment_id, store_id
), told AS (
    INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
    SELECT 'mail:dispute:opened:store:' || payment_id, store_id,
           jsonb_build_object('kind', 'dispute_mail', 'event', 'opened', 'to', 'store', 'payment_id', payment_id), 20, $10
    FROM opened
)
SELECT payment_id FROM opened
