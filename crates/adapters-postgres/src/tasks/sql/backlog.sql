SELECT lane, count(*) AS waiting, greatest(extract(epoch FROM $1 - min(run_at)), 0)::bigint AS oldest_seconds
FROM tasks WHERE status IN ('pending', 'running') AND run_at <= $1 AND lane IS NOT NULL
GROUP BY lane
