-- The daily turn.
ALTER TABLE products ADD COLUMN stock_day date NOT NULL DEFAULT '2000-01-01';
COMMENT ON COLUMN products.stock_day IS 'business day from which on sold and held count orders and holds';

-- Of a run that makes up for several due instants: the first of them.
ALTER TABLE tasks ADD COLUMN due_from timestamptz;

-- Every row was in the partial index for a while: the whole one costs a payment/init no more.
DROP INDEX holds_customer;
CREATE INDEX holds_customer ON holds (customer_email);
CREATE INDEX orders_ended ON orders (payment_id) WHERE status IN ('complete', 'cancel');
CREATE INDEX audit_trail_actor ON audit_trail (actor) WHERE actor IS NOT NULL;

-- The one change that the trail allows: who acted becomes a pseudonym, when that account is deleted.
CREATE FUNCTION only_pseudonyms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'actor' = to_jsonb(OLD) - 'actor' AND NEW.actor LIKE '%@withdrawn.invalid' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME;
END $$;
DROP TRIGGER audit_trail_append_only ON audit_trail;
CREATE TRIGGER audit_trail_append_only BEFORE DELETE OR TRUNCATE ON audit_trail FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_trail_only_pseudonyms BEFORE UPDATE ON audit_trail FOR EACH ROW EXECUTE FUNCTION only_pseudonyms();
