-- {role}: customer or seller.
SELECT a.email AS key, jsonb_build_object('row', jsonb_build_object('email', a.email, 'is_active', a.is_active, 'created_at', a.created_at)) AS change
FROM accounts a
WHERE a.role = '{role}' AND a.email NOT LIKE '%@imported.invalid' AND changed_here('accounts', a.email)
