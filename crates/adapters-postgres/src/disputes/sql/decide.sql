-- $1 payment, $2 decision, $3 why, $4 now, $5 by whom, $6 and $7 the actor for the audit log, $8 the request, $9 the refund's reason. The decision
-- comes first, so that of two at once one finds it undecided; the refund and all that is told hang on it.
WITH decided AS (
    UPDATE disputes SET decision = $2, decision_reason = $3, decided_at = $4, decided_by = $5
    WHERE payment_id = $1 AND decision IS NULL RETURNING payment_id, store_id, decision
), refunded AS (
    INSERT INTO refunds (payment_id, store_id, reason, requested_at, next_attempt_at)
    SELECT payment_id, store_id, $9, $4, $4 FROM decided WHERE decision = 'refund'
    ON CONFLICT DO NOTHING RETURNING payment_id, store_id
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role, actor, request_id)
    SELECT payment_id, store_id, $4, 'refund_requested', $9, $6, $7, $8 FROM refunded
), told AS (
    INSERT INTO tasks (id, store_id, payload, max_attempts, run_at, request_id)
    SELECT 'mail:dispute:decided:' || side || ':' || payment_id, store_id,
           jsonb_build_object('kind', 'dispute_mail', 'event', 'decided', 'to', side, 'payment_id', payment_id), 20, $4, $8
    FROM decided, unnest(ARRAY['customer', 'store']) side
)
SELECT payment_id FROM decided
