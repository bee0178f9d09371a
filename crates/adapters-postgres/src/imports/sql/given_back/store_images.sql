SELECT s.id AS key, jsonb_build_object('all', jsonb_build_object('of', jsonb_build_object('store_id', s.id), 'rows', coalesce(
    (SELECT jsonb_agg(jsonb_build_object('image_id', i.key, 'is_main', i.is_main, 'display_order', i.display_order) ORDER BY i.key)
     FROM store_images i WHERE i.store_id = s.id), '[]'))) AS change
FROM stores s WHERE changed_here('stores', s.id)
