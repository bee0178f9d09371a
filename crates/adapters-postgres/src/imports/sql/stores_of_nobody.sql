-- Stores that were not meant for a placeholder, and have one.
SELECT s.id AS key FROM jsonb_to_recordset($1) AS s (id text, placeholder boolean) JOIN stores ON stores.id = s.id
WHERE NOT s.placeholder AND stores.seller_email LIKE '%@imported.invalid' AND $2 IS NOT NULL
ORDER BY 1
