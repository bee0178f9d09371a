-- $1 the token's hash, $2 the browser's, $3 now. The account is another from now on: tokens carry the instant at which theirs was made. One
-- that was brought over stays what it is, since nobody could enter it by an identity before; its sessions end all the same.
WITH taken AS (
    DELETE FROM takeovers WHERE token_hash = $1 AND browser_hash = $2 AND expires_at > $3 RETURNING *
), account AS (
    UPDATE accounts a SET email_vouched = true, generation = a.generation + 1, kept_session = NULL,
        created_at = CASE WHEN a.imported_at IS NULL THEN greatest($3, a.created_at + interval '1 millisecond') ELSE a.created_at END
    FROM taken t WHERE a.email = t.email AND a.created_at = t.account_created_at AND NOT a.email_vouched
    RETURNING a.email
), detached AS (
    DELETE FROM account_identities i USING account WHERE i.email = account.email RETURNING i.provider, i.provider_user_id, i.cut_at
), unlinked AS (
    INSERT INTO tasks (id, payload, max_attempts, run_at)
    SELECT 'unlink:' || provider || ':taken_over:' || $1,
           jsonb_build_object('kind', 'unlink', 'provider', provider, 'user_id', provider_user_id), 20, $3
    FROM detached WHERE cut_at IS NULL
    ON CONFLICT DO NOTHING
), silent AS (
    -- Whoever had the account said yes to notices, not who has it now; and the browsers are theirs.
    DELETE FROM notice_choices c USING account WHERE c.customer_email = account.email
), browsers AS (
    DELETE FROM push_subscriptions s USING account WHERE s.customer_email = account.email
), attached AS (
    INSERT INTO account_identities (provider, provider_user_id, email, created_at)
    SELECT t.provider, t.provider_user_id, account.email, $3 FROM taken t JOIN account ON account.email = t.email
)
SELECT t.email, t.role, t.local FROM taken t JOIN account ON account.email = t.email
