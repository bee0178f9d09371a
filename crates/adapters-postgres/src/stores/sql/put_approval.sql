-- $1 the store, $2 the state, $3 number, $4 licence, $5 reason, $6 asked, $7 decided, $8 by whom, $9 the version that was read, $10 whether the
-- store is withheld, $11 whether the seller is told, $12 now. No row comes back where another has changed it since.
WITH put AS (
    INSERT INTO store_approvals (store_id, state, business_number, licence, reason, asked_at, decided_at, decided_by, version)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 + 1 WHERE EXISTS (SELECT FROM stores WHERE id = $1)
    ON CONFLICT (store_id) DO UPDATE
    SET state = excluded.state, business_number = excluded.business_number, licence = excluded.licence, reason = excluded.reason,
        asked_at = excluded.asked_at, decided_at = excluded.decided_at, decided_by = excluded.decided_by, version = excluded.version
    WHERE store_approvals.version = $9
    RETURNING store_id, version
), shown AS (
    UPDATE stores SET withheld = $10, updated_at = $12 FROM put WHERE id = put.store_id AND withheld <> $10
), told AS (
    INSERT INTO tasks (id, store_id, payload, max_attempts, run_at)
    SELECT 'mail:approval:' || store_id || ':' || version, store_id,
           jsonb_build_object('kind', 'approval_mail', 'store_id', store_id, 'version', version), 20, $12
    FROM put WHERE $11
)
SELECT version FROM put
