WITH done AS (
    UPDATE accounts SET is_active = true, generation = generation + 1, kept_session = $2 WHERE email = $1 AND NOT is_active RETURNING email
), resumed AS (
    UPDATE stores SET suspended = false FROM done WHERE seller_email = done.email
)
SELECT email FROM done
