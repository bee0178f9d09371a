ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing',
                      'pickup_over', 'day_over', 'canceled_at_provider')) NOT VALID;
DROP TABLE discrepancy_cases;
DROP TABLE operator_log;
DROP TABLE operator_sessions;
DROP TABLE operator_recovery_codes;
DROP TABLE operators;
