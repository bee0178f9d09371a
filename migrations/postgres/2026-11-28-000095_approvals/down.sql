CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail') THEN 'mail'
        WHEN payload->>'kind' IN ('notice_fan_out', 'notice_batch') THEN 'notices'
        ELSE 'clean_up' END
$$;
DELETE FROM tasks WHERE payload->>'kind' = 'approval_mail';
DROP TRIGGER store_placed_withheld ON stores;
DROP TRIGGER store_withheld ON stores;
DROP FUNCTION store_withheld();
CREATE OR REPLACE FUNCTION refresh_store_search(store text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO store_search SELECT s.id, s.name, store_words(s.id) FROM stores s WHERE s.id = store ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN;
    END IF;
    -- Takes the row, or waits for it: the next statement then sees what others have written meanwhile.
    PERFORM 1 FROM store_search WHERE store_id = store FOR UPDATE;
    UPDATE store_search x SET name = s.name, words = store_words(s.id) FROM stores s WHERE s.id = store AND x.store_id = s.id;
END $$;
CREATE OR REPLACE FUNCTION imported_content(kind text, key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT md5(CASE kind
        WHEN 'accounts' THEN (
            SELECT jsonb_build_array(a.role, a.is_active, c.nickname, c.phone_number, (
                SELECT jsonb_agg(jsonb_build_array(p.kind, p.word) ORDER BY p.kind, p.word) FROM customer_preferences p WHERE p.email = a.email))
            FROM accounts a LEFT JOIN customers c ON c.email = a.email WHERE a.email = imported_content.key)
        WHEN 'stores' THEN (
            SELECT jsonb_build_array(
                to_jsonb(s) - ARRAY['has_product', 'closed_on', 'suspended', 'created_at', 'updated_at'],
                (SELECT jsonb_build_array(y.portone_store_id, y.portone_channel_id, y.portone_secret) FROM store_payments y WHERE y.store_id = s.id),
                (SELECT jsonb_agg(to_jsonb(o) - ARRAY['id', 'updated_at'] ORDER BY o.day_of_week) FROM operation_times o WHERE o.store_id = s.id),
                (SELECT r.days FROM operation_reservations r WHERE r.store_id = s.id),
                (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.key) FROM store_images i WHERE i.store_id = s.id))
            FROM stores s WHERE s.id = imported_content.key)
        WHEN 'favorites' THEN (
            SELECT jsonb_agg(f.store_id ORDER BY f.store_id) FROM favorites f WHERE f.customer_email = imported_content.key)
        WHEN 'products' THEN (
            SELECT jsonb_build_array(p.name, p.description, p.price, p.sale, p.initial_stock, p.nutrition_types, p.max_per_customer)
                || CASE WHEN p.price_steps = '[]' THEN '[]' ELSE jsonb_build_array(p.price_steps) END
            FROM products p WHERE p.id = imported_content.key)
    END::text)
$$;
DROP TABLE store_approvals;
ALTER TABLE stores DROP COLUMN withheld;
INSERT INTO store_search SELECT s.id, s.name, store_words(s.id) FROM stores s WHERE s.has_product ON CONFLICT DO NOTHING;
