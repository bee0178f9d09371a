-- After the rows are written, in the same transaction. $2: keys, $3: fingerprints of the old rows.
INSERT INTO imported (kind, key, old, ours, brought_at, seen_at)
SELECT $1, imported_key($1, b.key), b.old, imported_content($1, b.key), $4, $4 FROM unnest($2, $3) AS b (key, old)
ON CONFLICT (kind, key) DO UPDATE
SET old = excluded.old, ours = excluded.ours, brought_at = excluded.brought_at, seen_at = excluded.seen_at
