-- Secrets are sealed by the adapter (crates/adapters-postgres/src/secrets.rs); a row written before that is sealed at the next start.
ALTER TABLE store_payments ADD COLUMN webhook_secret text, ADD COLUMN previous_webhook_secret text;
COMMENT ON COLUMN store_payments.previous_webhook_secret IS 'still good while PortOne changes from it to webhook_secret';

ALTER TABLE holds ADD COLUMN request_id text;
COMMENT ON COLUMN holds.request_id IS 'of the payment/init';

-- What PortOne has sent by itself, verified. It sends again what it has no answer to: the same webhook_id.
CREATE TABLE inbox (
    store_id text NOT NULL,
    webhook_id text NOT NULL,
    kind text NOT NULL,
    payment_id text,
    body text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, webhook_id)
);
CREATE INDEX inbox_received ON inbox (received_at);

-- Who changed an order or its money, when, in which request. The first entry, the hold, is the hold's own row.
CREATE TABLE audit_trail (
    id bigserial PRIMARY KEY,
    payment_id text NOT NULL,
    store_id text NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    detail text,
    actor_role text NOT NULL CHECK (actor_role IN ('customer', 'seller', 'job', 'webhook', 'operator')),
    actor text,
    request_id text
);
CREATE INDEX audit_trail_payment ON audit_trail (payment_id);
CREATE INDEX audit_trail_differences ON audit_trail (id) WHERE event = 'difference';

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

ALTER TABLE refunds ADD COLUMN claimed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN refunds.claimed IS 'an attempt is under way, or its process died: until next_attempt_at nobody else begins one';
ALTER TABLE refunds ADD COLUMN amount bigint;
COMMENT ON COLUMN refunds.amount IS 'won that went back, by PortOne''s books; once it succeeded';
CREATE INDEX refunds_open ON refunds (state) WHERE state <> 'succeeded';
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing',
                      'pickup_over', 'day_over', 'canceled_at_provider'));

-- The open orders that the clock may end.
CREATE INDEX orders_open ON orders (business_day) WHERE status IN ('reservation', 'accept');
-- Reconciliation asks for the stores that had payments under way lately.
-- BRIN costs the dinner rush next to nothing.
CREATE INDEX holds_created ON holds USING brin (created_at);

-- Calls with an Idempotency-Key: what they asked, and what they were answered.
CREATE TABLE idempotency_keys (
    account text NOT NULL,
    key text NOT NULL,
    request text NOT NULL,
    payment_id text NOT NULL,
    created_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL,
    status integer,
    body text,
    PRIMARY KEY (account, key)
);
COMMENT ON COLUMN idempotency_keys.request IS 'SHA-256 of method, path and body';
COMMENT ON COLUMN idempotency_keys.payment_id IS 'for a payment/init: made before it, so that a second attempt cannot hold twice';
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
