DROP TRIGGER part_of_store_changed ON products;
CREATE CONSTRAINT TRIGGER part_of_store_changed AFTER INSERT OR DELETE OR UPDATE OF id, store_id, name, description, nutrition_types, max_per_customer ON products
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION part_of_store_changed();
