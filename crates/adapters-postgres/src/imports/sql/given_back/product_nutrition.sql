SELECT p.id AS key, jsonb_build_object('all', jsonb_build_object('of', jsonb_build_object('product_id', p.id), 'rows', coalesce(
    (SELECT jsonb_agg(DISTINCT jsonb_build_object('nutrition_type', word)) FROM unnest(p.nutrition_types) AS word), '[]'))) AS change
FROM products p WHERE changed_here('products', p.id)
