DROP INDEX holds_customer;
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check CHECK (reason IN ('mismatch', 'store_closed', 'late')) NOT VALID;
DROP TABLE operation_reservations;
ALTER TABLE stores DROP COLUMN suspended;
