INSERT INTO imported (kind, key, seen_at) SELECT DISTINCT $1, imported_key($1, key), $3 FROM unnest($2) AS s (key)
ON CONFLICT (kind, key) DO UPDATE SET seen_at = excluded.seen_at
