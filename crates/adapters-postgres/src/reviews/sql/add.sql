-- An archived order outlives its store and its customer: of one of these nothing is written.
INSERT INTO reviews (id, payment_id, store_id, product_id, product_name, customer_email, rating, reasons, text, created_at, updated_at)
SELECT $1, $2, s.id, $4, $5, a.email, $7, $8, $9, $10, $11
FROM stores s, accounts a
WHERE s.id = $3 AND a.email = $6
ON CONFLICT (payment_id) DO NOTHING
