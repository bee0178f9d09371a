-- One order's mails go in order: a later one waits while an earlier one is under way, or is due as well. One that waits for its next attempt
-- holds up nothing; it is not sent any more then (MailService::deliver).
UPDATE tasks SET status = 'running', locked_by = $1, locked_at = now()
WHERE id IN (
    SELECT t.id FROM tasks t
    WHERE t.status = 'pending' AND t.run_at <= $2 AND NOT EXISTS (
        SELECT 1 FROM tasks earlier
        WHERE t.payload->>'kind' = 'order_mail'
          AND earlier.id = ANY (CASE t.payload->>'event'
              WHEN 'placed' THEN '{}'
              WHEN 'accepted' THEN ARRAY['mail:placed:' || (t.payload->>'payment_id')]
              ELSE ARRAY['mail:placed:' || (t.payload->>'payment_id'), 'mail:accepted:' || (t.payload->>'payment_id')] END)
          AND (earlier.status = 'running' OR (earlier.status = 'pending' AND earlier.run_at <= $2)))
    ORDER BY t.run_at LIMIT $3 FOR UPDATE OF t SKIP LOCKED)
RETURNING id, payload, attempts, max_attempts, request_id
