SELECT jsonb_build_object(
    'lanes', coalesce((SELECT jsonb_agg(to_jsonb(l) ORDER BY l.lane) FROM (
        SELECT lane, count(*) AS waiting, greatest(extract(epoch FROM $1::timestamptz - min(run_at)), 0)::bigint AS oldest_seconds
        FROM tasks WHERE status IN ('pending', 'running') AND run_at <= $1::timestamptz AND lane IS NOT NULL GROUP BY lane) l), '[]'),
    'dead', coalesce((SELECT jsonb_agg(to_jsonb(t) - 'payload' ORDER BY t.finished_at) FROM (
        SELECT * FROM tasks WHERE status = 'dead' AND job IS NULL ORDER BY finished_at LIMIT $2::bigint) t), '[]'),
    'failing', coalesce((SELECT jsonb_agg(to_jsonb(t) - 'payload' ORDER BY t.turn) FROM (
        SELECT * FROM tasks WHERE status = 'pending' AND attempts > 0 AND job IS NULL ORDER BY turn LIMIT $2::bigint) t), '[]'),
    'runs', coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'job', r.job, 'due_at', r.due_at, 'status', r.status,
            'attempts', r.attempts, 'finished_at', r.finished_at, 'last_error', r.last_error) ORDER BY r.job) FROM (
        WITH RECURSIVE jobs AS (
            (SELECT job FROM tasks WHERE job IS NOT NULL ORDER BY job LIMIT 1)
            UNION ALL
            SELECT (SELECT t.job FROM tasks t WHERE t.job > jobs.job ORDER BY t.job LIMIT 1) FROM jobs WHERE jobs.job IS NOT NULL
        )
        SELECT latest.* FROM jobs CROSS JOIN LATERAL (SELECT * FROM tasks t WHERE t.job = jobs.job ORDER BY t.due_at DESC LIMIT 1) latest
        WHERE jobs.job IS NOT NULL) r), '[]')
) AS view
