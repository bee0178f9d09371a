UPDATE tasks SET status = 'pending', turn = greatest(turn, $3), locked_by = NULL, claim = NULL
WHERE id = ANY ($1) AND status = 'running' AND claim = ANY ($2)
