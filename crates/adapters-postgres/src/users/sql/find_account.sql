SELECT a.email, a.role, a.is_active, a.email_vouched, a.created_at,
       EXISTS (SELECT 1 FROM customers c WHERE c.email = a.email) AS has_profile,
       s.has_product
FROM accounts a
LEFT JOIN stores s ON s.seller_email = a.email
WHERE a.email = $1
