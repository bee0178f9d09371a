-- Pieces of today that were sold and are not there: brought over from a service that let that happen.
ALTER TABLE products ADD COLUMN oversold integer NOT NULL DEFAULT 0 CHECK (oversold >= 0);
COMMENT ON COLUMN products.oversold IS 'pieces that were promised and are not there; as many of those that come back are for their buyers, and not for sale';

-- Here and not in each statement that gives stock back: whatever frees a piece frees it for whom it was promised.
CREATE FUNCTION products_oversold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What is counted anew and leaves as many as before is nothing that came back.
    freed integer := NEW.initial_stock + NEW.adjustment - NEW.sold - NEW.held - (OLD.initial_stock + OLD.adjustment - OLD.sold - OLD.held);
    owed integer := least(OLD.oversold, greatest(freed, 0));
BEGIN
    -- A new day begins with what is there.
    IF NEW.stock_day <> OLD.stock_day THEN
        NEW.oversold := 0;
    ELSE
        NEW.oversold := OLD.oversold - owed;
        NEW.adjustment := NEW.adjustment - owed;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER products_oversold BEFORE UPDATE OF sold, held, stock_day ON products FOR EACH ROW WHEN (OLD.oversold > 0)
EXECUTE FUNCTION products_oversold();

-- Whether a row is otherwise than it was brought: changed here, or made here.
CREATE FUNCTION changed_here(kind text, key text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM imported i
        WHERE i.kind = changed_here.kind AND i.key = imported_key(changed_here.kind, changed_here.key)
          AND i.ours IS NOT DISTINCT FROM imported_content(changed_here.kind, changed_here.key))
$$;
