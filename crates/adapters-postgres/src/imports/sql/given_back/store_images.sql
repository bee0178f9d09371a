SELECT i.key AS key, jsonb_build_object('image_id', i.key, 'store_id', i.store_id, 'is_main', i.is_main, 'display_order', i.display_order) AS row
FROM store_images i
