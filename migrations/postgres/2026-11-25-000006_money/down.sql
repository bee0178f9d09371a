DROP TABLE idempotency_keys, audit_trail, inbox;
DROP FUNCTION append_only();
DROP INDEX holds_created, orders_open, refunds_open;
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing')) NOT VALID;
ALTER TABLE refunds DROP COLUMN amount, DROP COLUMN claimed;
ALTER TABLE holds DROP COLUMN request_id;
ALTER TABLE store_payments DROP COLUMN webhook_secret, DROP COLUMN previous_webhook_secret;
