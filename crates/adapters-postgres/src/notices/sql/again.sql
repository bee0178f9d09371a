-- $1 the batch, $2 the next one, $3 its store, $4 its task's payload, $5 when.
WITH moved AS (
    UPDATE notices SET batch = $2 WHERE batch = $1 AND told_at IS NULL RETURNING batch
)
INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
SELECT 'notices:batch:' || $2, $3, $4, 20, $5 WHERE EXISTS (SELECT FROM moved)
