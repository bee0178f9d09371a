INSERT INTO store_images (key, store_id, is_main, display_order)
SELECT i.key, s.id, i.is_main, i.display_order
FROM jsonb_to_recordset($1) AS s (id text, images jsonb) JOIN stores ON stores.id = s.id,
     jsonb_to_recordset(s.images) AS i (key text, is_main boolean, display_order integer)
ON CONFLICT DO NOTHING
