-- Stores that an operator has to approve before they sell. Those that are there stay as they are: nothing is withheld.
ALTER TABLE stores ADD COLUMN withheld boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN stores.withheld IS 'no operator has approved it: it sells nothing and stands in no list';

CREATE TABLE store_approvals (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('not_asked', 'waiting', 'approved', 'refused')),
    business_number text,
    licence text,
    reason text,
    asked_at timestamptz,
    decided_at timestamptz,
    decided_by text,
    version integer NOT NULL
);
COMMENT ON TABLE store_approvals IS 'of a store that has given nothing there is no row';
COMMENT ON COLUMN store_approvals.licence IS 'key of the picture, which is no public one';
COMMENT ON COLUMN store_approvals.decided_by IS 'the operator''s e-mail; "terminal" for whoever was at one';
COMMENT ON COLUMN store_approvals.version IS 'grows with each change: none is made on what another has changed';
CREATE INDEX store_approvals_waiting ON store_approvals (asked_at, store_id) WHERE state = 'waiting';

-- The words of a store that is withheld are not searched.
CREATE OR REPLACE FUNCTION refresh_store_search(store text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO store_search SELECT s.id, s.name, store_words(s.id) FROM stores s WHERE s.id = store AND NOT s.withheld ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN;
    END IF;
    -- Takes the row, or waits for it: the next statement then sees what others have written meanwhile.
    PERFORM 1 FROM store_search WHERE store_id = store FOR UPDATE;
    UPDATE store_search x SET name = s.name, words = store_words(s.id) FROM stores s WHERE s.id = store AND x.store_id = s.id;
END $$;

CREATE FUNCTION store_withheld() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.withheld THEN
        DELETE FROM store_search WHERE store_id = NEW.id;
    ELSE
        PERFORM refresh_store_search(NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER store_withheld AFTER UPDATE OF withheld ON stores
    FOR EACH ROW WHEN (NEW.has_product AND NEW.withheld <> OLD.withheld) EXECUTE FUNCTION store_withheld();

-- Its place is on no map: the tile has another version when it comes or goes.
CREATE CONSTRAINT TRIGGER store_placed_withheld AFTER UPDATE OF withheld ON stores
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.withheld <> OLD.withheld) EXECUTE FUNCTION store_placed();

CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail', 'approval_mail') THEN 'mail'
        WHEN payload->>'kind' IN ('notice_fan_out', 'notice_batch') THEN 'notices'
        ELSE 'clean_up' END
$$;

-- What an import compares is the old service's; whether a store is withheld is ours.
CREATE OR REPLACE FUNCTION imported_content(kind text, key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT md5(CASE kind
        WHEN 'accounts' THEN (
            SELECT jsonb_build_array(a.role, a.is_active, c.nickname, c.phone_number, (
                SELECT jsonb_agg(jsonb_build_array(p.kind, p.word) ORDER BY p.kind, p.word) FROM customer_preferences p WHERE p.email = a.email))
            FROM accounts a LEFT JOIN customers c ON c.email = a.email WHERE a.email = imported_content.key)
        WHEN 'stores' THEN (
            SELECT jsonb_build_array(
                to_jsonb(s) - ARRAY['has_product', 'closed_on', 'suspended', 'withheld', 'created_at', 'updated_at'],
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
