CREATE TABLE disputes (
    payment_id text PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    customer_email text NOT NULL,
    product_name text NOT NULL,
    quantity integer NOT NULL,
    total_amount bigint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('missing', 'quality', 'different', 'sick', 'other')),
    text text NOT NULL,
    pictures text[] NOT NULL,
    opened_at timestamptz NOT NULL,
    answer text,
    answered_at timestamptz,
    decision text CHECK (decision IN ('nothing', 'refund')),
    decision_reason text,
    decided_at timestamptz,
    decided_by text,
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK ((decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decision_reason IS NULL))
);
COMMENT ON TABLE disputes IS 'stays when the customer''s account goes, without its words and pictures: the settlement needs the decision';
COMMENT ON COLUMN disputes.payment_id IS 'the order, which may be in the archive';
COMMENT ON COLUMN disputes.pictures IS 'keys in the object storage, no public ones';
COMMENT ON COLUMN disputes.decided_by IS 'the operator''s e-mail; NULL for whoever was at a terminal';
CREATE INDEX disputes_of_store ON disputes (store_id, payment_id DESC);
CREATE INDEX disputes_of_customer ON disputes (customer_email);
CREATE INDEX disputes_undecided ON disputes (opened_at, payment_id) WHERE decision IS NULL;
CREATE INDEX disputes_refunded ON disputes (store_id) WHERE decision = 'refund';
CREATE INDEX disputes_pictures ON disputes USING gin (pictures);

CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail', 'approval_mail', 'dispute_mail') THEN 'mail'
        WHEN payload->>'kind' IN ('notice_fan_out', 'notice_batch') THEN 'notices'
        ELSE 'clean_up' END
$$;

-- One word more than before: no row need be looked at.
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing',
                      'pickup_over', 'day_over', 'canceled_at_provider', 'dispute', 'canceled_by_operator')) NOT VALID;
