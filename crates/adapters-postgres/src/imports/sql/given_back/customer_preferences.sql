-- {kind}: which of the four, {column}: its column there.
SELECT c.email AS key, jsonb_build_object('all', jsonb_build_object('of', jsonb_build_object('customer_email', c.email), 'rows', coalesce(
    (SELECT jsonb_agg(jsonb_build_object('{column}', p.word, 'created_at', p.created_at) ORDER BY p.created_at, p.word)
     FROM customer_preferences p WHERE p.email = c.email AND p.kind = '{kind}'), '[]'))) AS change
FROM customers c WHERE changed_here('accounts', c.email)
