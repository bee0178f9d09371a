-- All of them, so that no two are the main one for a moment: the next statement has the whole list.
DELETE FROM store_images i USING jsonb_to_recordset($1) AS s (id text) WHERE i.store_id = s.id
