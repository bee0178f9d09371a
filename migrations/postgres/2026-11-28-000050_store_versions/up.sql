-- A version for each store, under which what customers see of it may be kept: another one whenever something of that changes, but for the
-- numbers of its products (price, sale, stock, version), which a search reads anew each time.
-- Random, not counted: after a failover that lost the last changes, a number that was counted on would come again for something else.
CREATE TABLE store_versions (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    version bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE store_versions IS 'derived: triggers keep it; a table of its own, so that its locks are taken last';

INSERT INTO store_versions (store_id) SELECT id FROM stores;

CREATE FUNCTION store_began() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO store_versions (store_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER store_began AFTER INSERT ON stores FOR EACH ROW EXECUTE FUNCTION store_began();

-- Once in a transaction is enough: nobody else sees what it writes before its end.
CREATE FUNCTION change_store_version(store text) RETURNS void LANGUAGE sql AS $$
    UPDATE store_versions SET version = DEFAULT WHERE store_id = store AND xmin <> pg_current_xact_id()::xid
$$;

CREATE FUNCTION store_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM change_store_version(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION part_of_store_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM change_store_version(CASE WHEN TG_OP = 'DELETE' THEN OLD.store_id ELSE NEW.store_id END);
    RETURN NULL;
END $$;

-- At the end of the transaction, when it has all its other locks.
CREATE CONSTRAINT TRIGGER store_changed AFTER UPDATE ON stores
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION store_changed();
CREATE CONSTRAINT TRIGGER part_of_store_changed AFTER INSERT OR DELETE ON store_payments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION part_of_store_changed();
CREATE CONSTRAINT TRIGGER part_of_store_changed AFTER INSERT OR UPDATE OR DELETE ON operation_times
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION part_of_store_changed();
CREATE CONSTRAINT TRIGGER part_of_store_changed AFTER INSERT OR UPDATE OR DELETE ON store_images
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION part_of_store_changed();
-- The columns by name: the statements of the dinner rush, which change the numbers, do not fire it.
CREATE CONSTRAINT TRIGGER part_of_store_changed AFTER INSERT OR DELETE OR UPDATE OF id, store_id, name, description, nutrition_types, max_per_customer ON products
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION part_of_store_changed();
