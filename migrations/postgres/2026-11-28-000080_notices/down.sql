DELETE FROM tasks WHERE lane = 'notices';
CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail') THEN 'mail'
        ELSE 'clean_up' END
$$;
ALTER TABLE tasks DROP CONSTRAINT tasks_lane_check;
ALTER TABLE tasks ADD CONSTRAINT tasks_lane_check CHECK (lane IN ('schedules', 'money', 'webhooks', 'mail', 'clean_up'));
ALTER TABLE products DROP COLUMN restocked_at;
DROP TABLE notice_looks;
DROP TABLE notices;
DROP TABLE push_subscriptions;
DROP TABLE notice_consents;
DROP TABLE notice_choices;
