UPDATE tasks SET status = 'running', locked_by = $1, locked_at = now()
WHERE id IN (SELECT id FROM tasks WHERE status = 'pending' AND run_at <= $2 ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, payload, attempts, max_attempts, request_id
