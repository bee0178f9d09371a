WITH ended AS (
    SELECT id, CASE WHEN $2 = 'pending' AND attempts + 1 >= max_attempts THEN 'dead' ELSE $2 END AS status
    FROM tasks WHERE id = $1 AND status = 'running' FOR UPDATE
)
UPDATE tasks t
SET status = ended.status, attempts = t.attempts + 1, last_error = $3, run_at = coalesce($4, t.run_at), locked_by = NULL,
    finished_at = CASE WHEN ended.status <> 'pending' THEN now() END
FROM ended WHERE t.id = ended.id
