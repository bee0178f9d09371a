-- Of two at once the second waits for the row, and finds it enrolled.
WITH enrolled AS (
    UPDATE operators SET enrolled = true, totp_step = $2 WHERE email = $1 AND NOT enrolled AND totp_secret IS NOT NULL RETURNING email
)
INSERT INTO operator_recovery_codes (email, hash) SELECT email, unnest($3) FROM enrolled
