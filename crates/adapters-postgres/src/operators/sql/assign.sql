INSERT INTO discrepancy_cases AS c (entry, assigned_to)
SELECT id, $2 FROM audit_log WHERE id = $1 AND event = 'discrepancy'
ON CONFLICT (entry) DO UPDATE SET assigned_to = excluded.assigned_to WHERE c.closed_at IS NULL
