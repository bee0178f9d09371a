SELECT s.id AS key, jsonb_build_object('row', jsonb_build_object(
    'store_id', s.id, 'instagram', s.instagram, 'facebook', s.facebook, 'x', s.x, 'homepage', s.homepage)) AS change
FROM stores s WHERE changed_here('stores', s.id)
