SELECT a.email AS key, jsonb_build_object('email', a.email, 'is_active', a.is_active, 'created_at', a.created_at) AS row
FROM accounts a WHERE a.role = 'seller' AND a.email NOT LIKE '%@imported.invalid' AND (a.created_at > $1 OR NOT a.is_active)
