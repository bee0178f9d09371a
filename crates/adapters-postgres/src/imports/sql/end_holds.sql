-- $1: payments whose holds go on. The next statement counts the products anew, so that what is left of them stays.
WITH ended AS (
    UPDATE holds h SET state = 'released', ended_because = 'expired', ended_at = $2, next_look_at = $2
    WHERE h.state = 'held' AND h.next_look_at IS NOT NULL AND h.payment_id <> ALL ($1)
      AND EXISTS (SELECT FROM audit_log a WHERE a.payment_id = h.payment_id AND a.event = 'imported')
    RETURNING h.payment_id, h.product_id, h.store_id
), logged AS (
    INSERT INTO audit_log (payment_id, store_id, at, event, detail, actor_role)
    SELECT payment_id, store_id, $2, 'released', 'expired', 'operator' FROM ended
)
SELECT payment_id AS key, product_id FROM ended ORDER BY 1
