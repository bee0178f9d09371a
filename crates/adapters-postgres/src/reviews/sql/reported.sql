coalesce(reports.why, '{}') AS why
FROM reviews r
LEFT JOIN (
    SELECT p.review_id, array_agg(p.reason ORDER BY p.created_at, p.reporter) AS why, count(*) AS number FROM review_reports p GROUP BY p.review_id
) reports ON reports.review_id = r.id
WHERE reports.review_id IS NOT NULL OR r.hidden_at IS NOT NULL
ORDER BY reports.number DESC NULLS LAST, r.id
LIMIT $1
