INSERT INTO discrepancy_cases AS c (entry, closed_by, reason, closed_at)
SELECT id, $2, $3, $4 FROM audit_log WHERE id = $1 AND event = 'discrepancy'
ON CONFLICT (entry) DO UPDATE SET closed_by = excluded.closed_by, reason = excluded.reason, closed_at = excluded.closed_at
WHERE c.closed_at IS NULL
