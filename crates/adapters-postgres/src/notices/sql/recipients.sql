SELECT n.customer_email, n.business_day, n.reached, c.opens, c.price_drops, c.back_in_stock, c.by_mail, c.by_push, c.at_night, c.secret, a.email_vouched,
       (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'endpoint', s.endpoint, 'p256dh', s.p256dh, 'auth', s.auth) ORDER BY s.id)
        FROM push_subscriptions s WHERE s.customer_email = n.customer_email) AS subscriptions
FROM notices n
JOIN notice_choices c ON c.customer_email = n.customer_email
JOIN accounts a ON a.email = n.customer_email AND a.is_active
WHERE n.batch = $1 AND n.told_at IS NULL
ORDER BY n.customer_email
