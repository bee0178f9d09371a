SELECT s.id AS key, jsonb_build_object('store_id', s.id, 'instagram', s.instagram, 'facebook', s.facebook, 'x', s.x, 'homepage', s.homepage) AS row
FROM stores s WHERE s.updated_at > $1
