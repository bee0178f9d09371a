CREATE TABLE reviews (
    id text PRIMARY KEY,
    payment_id text NOT NULL UNIQUE,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    product_id text NOT NULL,
    product_name text NOT NULL,
    customer_email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    reasons text[] NOT NULL,
    text text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    reply text,
    replied_at timestamptz,
    hidden_at timestamptz,
    CHECK ((reply IS NULL) = (replied_at IS NULL))
);
COMMENT ON COLUMN reviews.id IS 'sorts by creation';
COMMENT ON COLUMN reviews.payment_id IS 'the order, which may be in the archive';
COMMENT ON COLUMN reviews.hidden_at IS 'an operator has hidden it: it does not count';
CREATE INDEX reviews_of_store ON reviews (store_id, id DESC);
CREATE INDEX reviews_of_customer ON reviews (customer_email);

CREATE TABLE review_reports (
    review_id text NOT NULL REFERENCES reviews ON DELETE CASCADE,
    reporter text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (review_id, reporter)
);
CREATE INDEX review_reports_of_reporter ON review_reports (reporter);

-- Beside the version of what customers see of a store, of which it is a part: not on the store's row, which orders share-lock.
ALTER TABLE store_versions ADD COLUMN rating_count integer NOT NULL DEFAULT 0, ADD COLUMN rating_sum integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN store_versions.rating_count IS 'reviews that are not hidden; a trigger counts them';

-- In the transaction of whatever changes a review, also where an account goes and takes its own along; at its end, as the versions.
CREATE FUNCTION rate_store() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number integer := 0;
    stars integer := 0;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.hidden_at IS NULL THEN
        number := number - 1;
        stars := stars - OLD.rating;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.hidden_at IS NULL THEN
        number := number + 1;
        stars := stars + NEW.rating;
    END IF;
    IF number <> 0 OR stars <> 0 THEN
        UPDATE store_versions SET rating_count = rating_count + number, rating_sum = rating_sum + stars, version = DEFAULT
        WHERE store_id = CASE WHEN TG_OP = 'DELETE' THEN OLD.store_id ELSE NEW.store_id END;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER reviews_rate_store AFTER INSERT OR DELETE OR UPDATE OF rating, hidden_at ON reviews
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rate_store();

-- Price steps are a change of a product. Of one that has none the fingerprint is as before.
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
