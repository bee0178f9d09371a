-- Searching by a text that a store's or one of its products' names contain.

-- pg_trgm knows nothing shorter than three characters, and most Korean words that people search for have two. With each character
-- written three times 김밥 is 김김김밥밥밥, which has four trigrams; and a text contains another exactly if they do so written.
CREATE FUNCTION search_text(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(lower($1), '(.)', '\1\1\1', 'g');

-- One row for each store with a product. Derived: the triggers below keep it.
CREATE TABLE store_search (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    words text NOT NULL
);
COMMENT ON COLUMN store_search.words IS 'search_text of the names, divided by a character that none of them has';

CREATE FUNCTION store_words(store text) RETURNS text LANGUAGE sql STABLE
    RETURN (SELECT search_text(concat_ws(chr(1), s.name, (
        SELECT string_agg(p.name, chr(1) ORDER BY p.id) FROM products p WHERE p.store_id = s.id))) FROM stores s WHERE s.id = store);

CREATE FUNCTION refresh_store_search(store text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO store_search SELECT s.id, s.name, store_words(s.id) FROM stores s WHERE s.id = store ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN;
    END IF;
    -- Takes the row, or waits for it: the next statement then sees what others have written meanwhile.
    PERFORM 1 FROM store_search WHERE store_id = store FOR UPDATE;
    UPDATE store_search x SET name = s.name, words = store_words(s.id) FROM stores s WHERE s.id = store AND x.store_id = s.id;
END $$;

CREATE FUNCTION product_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_store_search(NEW.store_id);
    RETURN NULL;
END $$;
-- Not for the changes of stock, which the dinner rush makes: they do not name the name.
CREATE TRIGGER product_named AFTER INSERT OR UPDATE OF name ON products FOR EACH ROW EXECUTE FUNCTION product_named();

CREATE FUNCTION store_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_store_search(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER store_named AFTER UPDATE OF name ON stores FOR EACH ROW WHEN (NEW.has_product) EXECUTE FUNCTION store_named();

INSERT INTO store_search SELECT s.id, s.name, store_words(s.id) FROM stores s WHERE s.has_product;

CREATE INDEX store_search_name ON store_search (name, store_id);
CREATE INDEX store_search_words ON store_search USING gin (words gin_trgm_ops);
DROP INDEX stores_name_trgm;
DROP INDEX products_name_trgm;
