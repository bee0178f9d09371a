-- $1 ids, $2 stores and $3 occasions of them; $4 until when was looked.
WITH looked AS (
    INSERT INTO notice_looks (until) VALUES ($4) ON CONFLICT (id) DO UPDATE SET until = excluded.until
)
INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
SELECT 'notices:' || f.id, f.store, jsonb_build_object('kind', 'notice_fan_out', 'occasion', f.occasion), 20, $4
FROM unnest($1, $2, $3) AS f (id, store, occasion)
ON CONFLICT DO NOTHING
