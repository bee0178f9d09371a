CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail', 'approval_mail') THEN 'mail'
        WHEN payload->>'kind' IN ('notice_fan_out', 'notice_batch') THEN 'notices'
        ELSE 'clean_up' END
$$;
DELETE FROM tasks WHERE payload->>'kind' = 'dispute_mail';
DROP TABLE disputes;
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing',
                      'pickup_over', 'day_over', 'canceled_at_provider', 'canceled_by_operator')) NOT VALID;
