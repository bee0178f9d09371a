-- The row is read by its id alone: with its status or claim in the condition the plan may take an index in which what has ended stands as well.
-- $5: the claim under which it was done. A claim of the version before changes locked_by alone, which ends ours as well.
WITH this AS MATERIALIZED (
    SELECT id, status, attempts, max_attempts, claim, locked_by, again FROM tasks WHERE id = $1 FOR UPDATE
), ended AS (
    SELECT id, again, CASE WHEN $2 = 'pending' AND attempts + 1 >= max_attempts THEN 'dead' ELSE $2 END AS status
    FROM this WHERE status = 'running' AND claim = $5 AND starts_with(claim, locked_by || ':')
), written AS (
    UPDATE tasks t
    SET status = CASE WHEN ended.again THEN 'pending' ELSE ended.status END,
        attempts = CASE WHEN ended.again AND ended.status <> 'pending' THEN 0 ELSE t.attempts + 1 END,
        last_error = $3, run_at = coalesce($4, t.run_at), turn = greatest(coalesce($4, t.run_at), $6), locked_by = NULL, again = false,
        finished_at = CASE WHEN ended.status <> 'pending' AND NOT ended.again THEN now() END
    FROM ended WHERE t.id = ended.id
    RETURNING t.id
)
-- The second: an answer that was lost, and is written already.
SELECT EXISTS (SELECT FROM written) OR EXISTS (SELECT FROM this WHERE status <> 'running' AND claim = $5) AS written
