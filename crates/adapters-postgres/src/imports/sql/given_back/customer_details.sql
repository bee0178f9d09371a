SELECT c.email AS key, jsonb_build_object('row', jsonb_build_object(
    'customer_email', c.email, 'nickname', c.nickname, 'phone_number', c.phone_number, 'created_at', c.created_at, 'updated_at', c.updated_at)) AS change
FROM customers c WHERE changed_here('accounts', c.email)
