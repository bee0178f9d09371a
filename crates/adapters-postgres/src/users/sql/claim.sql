-- $1 e-mail, $2 provider, $3 its user id, $4 now. No row: somebody has claimed the account, or it was made here.
WITH claimed AS (
    UPDATE accounts SET email_vouched = true, generation = generation + 1, kept_session = NULL
    WHERE email = $1 AND imported_at IS NOT NULL AND NOT email_vouched
    RETURNING email
)
INSERT INTO account_identities (provider, provider_user_id, email, created_at) SELECT $2, $3, email, $4 FROM claimed
