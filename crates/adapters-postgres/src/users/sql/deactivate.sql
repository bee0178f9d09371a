WITH asked AS (
    SELECT email, is_active FROM accounts WHERE email = $1 FOR UPDATE
), progress AS (
    SELECT EXISTS (SELECT 1 FROM orders WHERE customer_email = $1 AND status IN ('reservation', 'accept'))
        OR EXISTS (SELECT 1 FROM holds WHERE customer_email = $1 AND state = 'held' AND expires_at > $2)
        OR EXISTS (SELECT 1 FROM orders o JOIN stores s ON s.id = o.store_id
                   WHERE s.seller_email = $1 AND o.status IN ('reservation', 'accept')) AS busy
), done AS (
    UPDATE accounts SET is_active = false FROM asked, progress
    WHERE accounts.email = asked.email AND asked.is_active AND NOT progress.busy
    RETURNING accounts.email
), suspended AS (
    UPDATE stores SET suspended = true FROM done WHERE seller_email = done.email
)
SELECT asked.is_active AS was_active, progress.busy FROM asked, progress
