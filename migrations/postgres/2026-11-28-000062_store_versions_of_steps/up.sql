-- Price steps are among what is kept of a store: only price, sale, stock and version of a product are read each time.
DROP TRIGGER part_of_store_changed ON products;
CREATE CONSTRAINT TRIGGER part_of_store_changed
    AFTER INSERT OR DELETE OR UPDATE OF id, store_id, name, description, nutrition_types, max_per_customer, price_steps ON products
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION part_of_store_changed();
