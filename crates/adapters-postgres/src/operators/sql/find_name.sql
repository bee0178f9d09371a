SELECT coalesce(jsonb_agg(jsonb_build_object('kind', 'store', 'id', id, 'text', name || ' · ' || sigungu || ' ' || bname) ORDER BY created_at DESC), '[]') AS view
FROM (SELECT * FROM stores WHERE name ILIKE $1 ORDER BY created_at DESC LIMIT $2::bigint) named
