UPDATE tasks
SET attempts = attempts + 1,
    status = CASE WHEN attempts + 1 >= max_attempts THEN 'dead' ELSE 'pending' END,
    finished_at = CASE WHEN attempts + 1 >= max_attempts THEN now() END,
    locked_by = NULL,
    last_error = 'its worker died'
WHERE status = 'running' AND locked_at < now() - make_interval(secs => $1)
