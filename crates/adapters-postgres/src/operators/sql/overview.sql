-- The origin is a subselect, which is asked once and not for each row. Seoul has one offset all year, so that its days are of one length: date_bin is many times as quick as date_trunc in a time zone.
SELECT jsonb_build_object(
    'day', coalesce((
        WITH begun AS (
            SELECT date_bin('1 hour', created_at, (SELECT date_trunc('hour', $1::timestamptz, 'Asia/Seoul'))) AS at, count(*) FILTER (WHERE state = 'ordered') AS orders,
                   sum(total_amount) FILTER (WHERE state = 'ordered') AS won, count(*) FILTER (WHERE state = 'released') AS ended
            FROM holds WHERE created_at >= date_trunc('hour', $1::timestamptz, 'Asia/Seoul') - 23 * interval '1 hour' AND created_at <= $1::timestamptz
            GROUP BY 1
        )
        SELECT jsonb_agg(jsonb_build_object('at', span.at, 'orders', coalesce(begun.orders, 0), 'won', coalesce(begun.won, 0)::bigint,
                                            'ended', coalesce(begun.ended, 0)) ORDER BY span.at)
        FROM generate_series(date_trunc('hour', $1::timestamptz, 'Asia/Seoul') - 23 * interval '1 hour', $1::timestamptz, interval '1 hour') span (at)
        LEFT JOIN begun ON begun.at = span.at), '[]'),
    'week', coalesce((
        WITH begun AS (
            SELECT date_bin('1 day', created_at, (SELECT date_trunc('day', $1::timestamptz, 'Asia/Seoul'))) AS at, count(*) FILTER (WHERE state = 'ordered') AS orders,
                   sum(total_amount) FILTER (WHERE state = 'ordered') AS won, count(*) FILTER (WHERE state = 'released') AS ended
            FROM holds WHERE created_at >= date_trunc('day', $1::timestamptz, 'Asia/Seoul') - 6 * interval '1 day' AND created_at <= $1::timestamptz
            GROUP BY 1
        )
        SELECT jsonb_agg(jsonb_build_object('at', span.at, 'orders', coalesce(begun.orders, 0), 'won', coalesce(begun.won, 0)::bigint,
                                            'ended', coalesce(begun.ended, 0)) ORDER BY span.at)
        FROM generate_series(date_trunc('day', $1::timestamptz, 'Asia/Seoul') - 6 * interval '1 day', $1::timestamptz, interval '1 day') span (at)
        LEFT JOIN begun ON begun.at = span.at), '[]'),
    'refunds', coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.state) FROM (
        SELECT state, count(*) AS number, min(requested_at) AS since FROM refunds WHERE state <> 'succeeded' GROUP BY state) r), '[]'),
    'lanes', coalesce((SELECT jsonb_agg(to_jsonb(l) ORDER BY l.lane) FROM (
        SELECT lane, count(*) AS waiting, greatest(extract(epoch FROM $1::timestamptz - min(run_at)), 0)::bigint AS oldest_seconds
        FROM tasks WHERE status IN ('pending', 'running') AND run_at <= $1::timestamptz AND lane IS NOT NULL GROUP BY lane) l), '[]'),
    'dead', (SELECT count(*) FROM tasks WHERE status = 'dead' AND job IS NULL),
    'failed_runs', (SELECT count(*) FROM tasks WHERE job IS NOT NULL AND (status = 'dead' AND finished_at > now() - interval '1 day' OR status = 'pending' AND attempts > 0)),
    'discrepancies', (SELECT count(*) FROM audit_log a LEFT JOIN discrepancy_cases c ON c.entry = a.id
                      WHERE a.event = 'discrepancy' AND c.closed_at IS NULL),
    'approvals', (SELECT count(*) FROM store_approvals WHERE state = 'waiting'),
    'disputes', (SELECT count(*) FROM disputes WHERE decision IS NULL AND (answer IS NOT NULL OR opened_at < $2::timestamptz)),
    'reported', (SELECT count(DISTINCT p.review_id) FROM review_reports p JOIN reviews r ON r.id = p.review_id WHERE r.hidden_at IS NULL)
) AS view
