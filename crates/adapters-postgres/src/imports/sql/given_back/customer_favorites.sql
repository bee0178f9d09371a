SELECT a.email AS key, jsonb_build_object('all', jsonb_build_object('of', jsonb_build_object('customer_email', a.email), 'rows', coalesce(
    (SELECT jsonb_agg(jsonb_build_object('store_id', f.store_id, 'created_at', f.created_at) ORDER BY f.store_id)
     FROM favorites f WHERE f.customer_email = a.email), '[]'))) AS change
FROM accounts a
WHERE a.role = 'customer' AND changed_here('favorites', a.email)
  AND (EXISTS (SELECT FROM favorites f WHERE f.customer_email = a.email)
       OR EXISTS (SELECT FROM imported i WHERE i.kind = 'favorites' AND i.key = imported_key('favorites', a.email)))
