-- A person pays the price of the list that they loaded minutes ago.
ALTER TABLE products
    ADD COLUMN price_since timestamptz,
    ADD COLUMN past_prices jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN max_per_customer integer CHECK (max_per_customer > 0);
COMMENT ON COLUMN products.price_since IS 'from when price and sale are in force; NULL: from the registration';
COMMENT ON COLUMN products.past_prices IS 'what was in force in the hour before the last change: [{price, sale, from, until}]';

ALTER TABLE holds ADD COLUMN seen_prices jsonb, ADD COLUMN replaced_by text;
COMMENT ON COLUMN holds.seen_prices IS 'other prices that the customer may have seen before the payment/init, the latest first: [{price, sale}]';
COMMENT ON COLUMN holds.replaced_by IS 'the customer''s next hold of the product, which took this one''s place while it was unpaid';

-- A customer's checkouts come one after another. Being VOLATILE the function reads what the one before it has done; the statement
-- that calls it still sees what was so before it waited.
CREATE FUNCTION holds_of_customer(customer text, since timestamptz) RETURNS SETOF holds LANGUAGE plpgsql VOLATILE ROWS 5 AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(customer, 0));
    RETURN QUERY SELECT h.* FROM holds h WHERE h.customer_email = customer AND h.created_at > since;
END $$;

CREATE TABLE erasures (
    pseudonym text PRIMARY KEY,
    email text NOT NULL,
    erased_at timestamptz NOT NULL
);
COMMENT ON TABLE erasures IS 'deleted accounts of which other stores still know; a row goes when they have forgotten';
