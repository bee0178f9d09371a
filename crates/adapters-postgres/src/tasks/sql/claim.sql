-- First whose turn has come, from $5 on (NULL: from the beginning), then what waits for its turn only because its store has others waiting.
-- Updated by its place: a plan that was made while the table was small would look for the ids in all of it.
WITH in_turn AS (
    SELECT ctid AS place FROM tasks
    WHERE status = 'pending' AND lane = $4 AND turn <= $2 AND turn >= coalesce($5, '-infinity'::timestamptz) AND run_at <= $2 AND NOT mail_waits(payload, $2)
    ORDER BY turn LIMIT $3 FOR UPDATE SKIP LOCKED
), ahead AS (
    SELECT ctid AS place FROM tasks
    WHERE status = 'pending' AND lane = $4 AND turn > run_at AND turn > $2 AND run_at <= $2 AND NOT mail_waits(payload, $2)
    ORDER BY turn LIMIT $3 - (SELECT count(*) FROM in_turn) FOR UPDATE SKIP LOCKED
)
UPDATE tasks t SET status = 'running', locked_by = $1, locked_at = now(), claim = $1 || ':' || gen_random_uuid(), again = false
FROM (SELECT place FROM in_turn UNION ALL SELECT place FROM ahead) claimed
WHERE t.ctid = claimed.place
RETURNING id, claim, payload, attempts, max_attempts, request_id
