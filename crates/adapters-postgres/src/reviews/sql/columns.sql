r.id, r.payment_id, r.store_id, r.product_id, r.product_name, r.customer_email, r.rating, r.reasons, r.text, r.created_at, r.updated_at,
r.reply, r.replied_at, r.hidden_at, coalesce((SELECT c.nickname FROM customers c WHERE c.email = r.customer_email), '') AS nickname
