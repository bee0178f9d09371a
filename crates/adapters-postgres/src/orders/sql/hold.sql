WITH taken AS (
    UPDATE products
    SET held = held + $4, version = version + 1, updated_at = $10
    WHERE id = $3 AND price = $5 AND sale = $6 AND initial_stock + adjustment - sold - held >= $4
    RETURNING store_id
)
INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id,
                   business_day, created_at, expires_at, next_look_at, request_id)
SELECT $1, $2, $3, store_id, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12 FROM taken
