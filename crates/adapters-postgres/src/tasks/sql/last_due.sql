-- One look into the index for each job: their runs are many.
SELECT name AS job, latest.due_at
FROM unnest($1) AS asked (name)
CROSS JOIN LATERAL (SELECT due_at FROM tasks WHERE job = name ORDER BY due_at DESC LIMIT 1) latest
