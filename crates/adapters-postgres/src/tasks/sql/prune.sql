DELETE FROM tasks WHERE id IN (
    SELECT id FROM tasks
    WHERE status = 'done' AND finished_at < now() - make_interval(secs => least($1, $2))
      AND finished_at < now() - make_interval(secs => CASE WHEN max_attempts = $3 THEN $2 ELSE $1 END)
    LIMIT $4)
