-- What streams tell. Written by a trigger, so that no statement forgets it, also those of processes of the version before.
CREATE TABLE order_events (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY,
    payment_id text NOT NULL,
    store_id text NOT NULL,
    customer_email text NOT NULL,
    status text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, id)
);
COMMENT ON COLUMN order_events.xid IS 'the transaction: whether a reader has seen it, its snapshot tells';
COMMENT ON COLUMN order_events.status IS 'what the order was from then on';
COMMENT ON COLUMN order_events.at IS 'of the server, not of the product''s clock: rows are kept for an hour';
CREATE INDEX order_events_of_store ON order_events (store_id);
CREATE INDEX order_events_of_customer ON order_events (customer_email);

CREATE FUNCTION tell_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO order_events (payment_id, store_id, customer_email, status)
    VALUES (NEW.payment_id, NEW.store_id, NEW.customer_email, NEW.status);
    RETURN NULL;
END $$;
CREATE TRIGGER orders_tell_new AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION tell_order();
CREATE TRIGGER orders_tell_changed AFTER UPDATE OF status ON orders FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tell_order();
