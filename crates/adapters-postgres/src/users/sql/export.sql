-- All that is kept here of a person ($1, the e-mail), table by table; no secret, sealed or not; of acts the newest $2. No row: there is no such account.
SELECT jsonb_build_object(
    'account', to_jsonb(a) - 'generation' - 'kept_session',
    'account_identities', (SELECT jsonb_agg(to_jsonb(i)) FROM account_identities i WHERE i.email = a.email),
    'unlink_tokens', (SELECT jsonb_agg(jsonb_build_object('identity', u.identity, 'stored_at', u.stored_at))
                      FROM unlink_tokens u JOIN account_identities i ON u.identity = i.provider || '/' || i.provider_user_id WHERE i.email = a.email),
    'takeovers', (SELECT jsonb_agg(to_jsonb(t) - 'token_hash' - 'browser_hash' - 'provider_user_id') FROM takeovers t WHERE t.email = a.email),
    'exports', (SELECT jsonb_agg(to_jsonb(x) - 'token_hash') FROM exports x WHERE x.email = a.email),
    'idempotency_keys', (SELECT jsonb_agg(jsonb_build_object('key', k.key, 'created_at', k.created_at)) FROM idempotency_keys k WHERE k.account = a.email),
    'customer', (SELECT to_jsonb(c) FROM customers c WHERE c.email = a.email),
    'customer_preferences', (SELECT jsonb_agg(to_jsonb(p) - 'id') FROM customer_preferences p WHERE p.email = a.email),
    'favorites', (SELECT jsonb_agg(to_jsonb(f)) FROM favorites f WHERE f.customer_email = a.email),
    'notice_choices', (SELECT to_jsonb(c) - 'secret' FROM notice_choices c WHERE c.customer_email = a.email),
    'notice_consents', (SELECT jsonb_agg(to_jsonb(c) - 'id' ORDER BY c.id) FROM notice_consents c WHERE c.customer_email = a.email),
    'push_subscriptions', (SELECT jsonb_agg(to_jsonb(s) - 'p256dh' - 'auth' ORDER BY s.id) FROM push_subscriptions s WHERE s.customer_email = a.email),
    'notices', (SELECT jsonb_agg(to_jsonb(n) - 'batch' ORDER BY n.claimed_at) FROM notices n WHERE n.customer_email = a.email),
    'reviews', (SELECT jsonb_agg(to_jsonb(r) - 'reply' - 'replied_at' ORDER BY r.id) FROM reviews r WHERE r.customer_email = a.email),
    'review_reports', (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.created_at) FROM review_reports p WHERE p.reporter = a.email),
    'review_replies', (SELECT jsonb_agg(jsonb_build_object('review_id', r.id, 'reply', r.reply, 'replied_at', r.replied_at) ORDER BY r.id)
                       FROM reviews r JOIN stores s ON s.id = r.store_id WHERE s.seller_email = a.email AND r.reply IS NOT NULL),
    'disputes', (SELECT jsonb_agg(to_jsonb(d) - 'decided_by' - 'answer' - 'answered_at' ORDER BY d.opened_at) FROM disputes d WHERE d.customer_email = a.email),
    'dispute_answers', (SELECT jsonb_agg(jsonb_build_object('payment_id', d.payment_id, 'answer', d.answer, 'answered_at', d.answered_at) ORDER BY d.opened_at)
                        FROM disputes d JOIN stores s ON s.id = d.store_id WHERE s.seller_email = a.email AND d.answer IS NOT NULL),
    'holds', (SELECT jsonb_agg(to_jsonb(h) ORDER BY h.created_at) FROM holds h WHERE h.customer_email = a.email),
    'orders', (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.reservation_at) FROM orders o WHERE o.customer_email = a.email),
    'order_events', (SELECT jsonb_agg(to_jsonb(v) - 'xid' ORDER BY v.id) FROM order_events v WHERE v.customer_email = a.email),
    'refunds', (SELECT jsonb_agg(to_jsonb(r)) FROM refunds r JOIN holds h ON h.payment_id = r.payment_id WHERE h.customer_email = a.email),
    'audit_log', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.at) FROM audit_log e
                  WHERE e.payment_id IN (SELECT h.payment_id FROM holds h WHERE h.customer_email = a.email)),
    'newest_acts', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.at DESC)
                    FROM (SELECT * FROM audit_log WHERE actor = a.email ORDER BY at DESC LIMIT $2) e),
    'store', (SELECT to_jsonb(s) FROM stores s WHERE s.seller_email = a.email),
    'store_payments', (SELECT jsonb_agg(jsonb_build_object('portone_store_id', p.portone_store_id, 'portone_channel_id', p.portone_channel_id, 'updated_at', p.updated_at))
                       FROM store_payments p JOIN stores s ON s.id = p.store_id WHERE s.seller_email = a.email),
    'operation_times', (SELECT jsonb_agg(to_jsonb(t) - 'id') FROM operation_times t JOIN stores s ON s.id = t.store_id WHERE s.seller_email = a.email),
    'operation_reservations', (SELECT jsonb_agg(to_jsonb(r)) FROM operation_reservations r JOIN stores s ON s.id = r.store_id WHERE s.seller_email = a.email),
    'store_images', (SELECT jsonb_agg(to_jsonb(i)) FROM store_images i JOIN stores s ON s.id = i.store_id WHERE s.seller_email = a.email),
    'store_approval', (SELECT to_jsonb(p) - 'store_id' - 'version' - 'decided_by' FROM store_approvals p JOIN stores s ON s.id = p.store_id WHERE s.seller_email = a.email),
    'products', (SELECT jsonb_agg(to_jsonb(p)) FROM products p JOIN stores s ON s.id = p.store_id WHERE s.seller_email = a.email)
) AS rows
FROM accounts a WHERE a.email = $1
