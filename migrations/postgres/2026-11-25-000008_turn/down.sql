DROP TRIGGER audit_trail_only_pseudonyms ON audit_trail;
DROP TRIGGER audit_trail_append_only ON audit_trail;
CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
DROP FUNCTION only_pseudonyms();
DROP INDEX audit_trail_actor, orders_ended, holds_customer;
CREATE INDEX holds_customer ON holds (customer_email) WHERE state = 'held';
ALTER TABLE tasks DROP COLUMN due_from;
ALTER TABLE products DROP COLUMN stock_day;
