-- Links by which people fetch all that is kept of them: one at a time for each.
CREATE TABLE exports (
    email text PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE,
    account_created_at timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX exports_expiring ON exports (expires_at);

CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail') THEN 'mail'
        ELSE 'clean_up' END
$$;
