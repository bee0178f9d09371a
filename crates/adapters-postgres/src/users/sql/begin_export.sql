-- $1 the token's hash, $2 e-mail, $3 when the account was made, $4 now, $5 the link's end, $6 from when an earlier request still counts, $7 the mail.
WITH gone AS (
    DELETE FROM exports WHERE expires_at <= $4 AND email <> $2
), kept AS (
    INSERT INTO exports (email, token_hash, account_created_at, requested_at, expires_at) VALUES ($2, $1, $3, $4, $5)
    ON CONFLICT (email) DO UPDATE
    SET token_hash = excluded.token_hash, account_created_at = excluded.account_created_at, requested_at = excluded.requested_at,
        expires_at = excluded.expires_at
    WHERE exports.requested_at <= $6 OR exports.account_created_at <> excluded.account_created_at
    RETURNING email
)
INSERT INTO tasks (id, payload, max_attempts, run_at)
SELECT 'mail:export:' || $1, jsonb_build_object('kind', 'export_mail') || $7::jsonb, 20, $4 FROM kept
