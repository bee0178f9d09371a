SELECT a.email, a.role, a.is_active, a.email_vouched, a.created_at, a.generation, a.kept_session, a.imported_at,
       EXISTS (SELECT 1 FROM customers c WHERE c.email = a.email) AS has_profile,
       s.id IS NOT NULL AS has_store, coalesce(s.has_product, false) AS has_product
FROM accounts a
LEFT JOIN stores s ON s.seller_email = a.email
WHERE a.email = ANY ($1)
