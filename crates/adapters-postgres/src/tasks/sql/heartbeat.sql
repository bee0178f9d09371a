-- $1: the claims that live; everybody else's end after $2 seconds of silence. (A claim of the version before has no token: locked_by is its owner.)
WITH extended AS (
    UPDATE tasks SET locked_at = now() WHERE status = 'running' AND claim = ANY ($1)
)
UPDATE tasks
SET attempts = attempts + 1,
    status = CASE WHEN attempts + 1 >= max_attempts THEN 'dead' ELSE 'pending' END,
    turn = greatest(turn, $3),
    finished_at = CASE WHEN attempts + 1 >= max_attempts THEN now() END,
    locked_by = NULL,
    claim = NULL,
    last_error = 'its worker died'
WHERE status = 'running' AND claim = ANY ($1) IS NOT TRUE AND locked_at < now() - make_interval(secs => $2)
