ALTER TABLE stores ADD COLUMN suspended boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN stores.suspended IS 'the seller asked to withdraw: nobody is there to hand anything out';

-- Hours that take effect at the next daily turn: the seven days, whole.
CREATE TABLE operation_reservations (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    days jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing'));

-- Whether a customer who asks to withdraw has a payment under way.
CREATE INDEX holds_customer ON holds (customer_email) WHERE state = 'held';
