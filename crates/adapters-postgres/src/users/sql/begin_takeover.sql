-- $9 now, $10 its end, $11 the mail.
WITH gone AS (
    DELETE FROM takeovers WHERE expires_at <= $9
), kept AS (
    INSERT INTO takeovers (token_hash, browser_hash, email, account_created_at, provider, provider_user_id, role, local, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10)
    ON CONFLICT (email, provider, provider_user_id) DO UPDATE
    SET token_hash = excluded.token_hash, browser_hash = excluded.browser_hash, account_created_at = excluded.account_created_at,
        role = excluded.role, local = excluded.local, expires_at = excluded.expires_at
)
INSERT INTO tasks (id, payload, max_attempts, run_at)
VALUES ('mail:takeover:' || $1, jsonb_build_object('kind', 'takeover_mail') || $11::jsonb, 20, $9)
