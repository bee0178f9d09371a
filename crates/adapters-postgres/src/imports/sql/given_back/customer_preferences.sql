SELECT p.email || '/' || p.kind || '/' || p.word AS key, jsonb_build_object('kind', p.kind, 'customer_email', p.email, 'word', p.word, 'created_at', p.created_at) AS row
FROM customer_preferences p WHERE p.created_at > $1
