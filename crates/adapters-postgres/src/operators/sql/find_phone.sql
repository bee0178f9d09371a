SELECT coalesce(jsonb_agg(jsonb_build_object('kind', 'customer', 'id', email, 'text', nickname || ' · ' || phone_number) ORDER BY created_at DESC), '[]') AS view
FROM (SELECT * FROM customers WHERE right(phone_number, 4) = $1 ORDER BY created_at DESC LIMIT $2::bigint) people
