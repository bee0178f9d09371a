SELECT count(*) FILTER (WHERE status <> 'dead') AS waiting,
       coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE status <> 'dead')), 0)::bigint AS oldest_seconds,
       count(*) FILTER (WHERE status = 'dead') AS dead
FROM tasks WHERE job IS NULL AND status <> 'done'
