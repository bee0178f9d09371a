-- $1 the occasion's id, $2 its store, $3 itself, $4 when.
INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
VALUES ('notices:' || $1 || ':morning:' || ($4 AT TIME ZONE 'Asia/Seoul')::date, $2, jsonb_build_object('kind', 'notice_fan_out', 'occasion', $3), 20, $4)
ON CONFLICT DO NOTHING
