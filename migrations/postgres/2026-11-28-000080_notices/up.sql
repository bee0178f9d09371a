-- Notices of favourites: who wants them, where they are told, and who was told what.
CREATE TABLE notice_choices (
    customer_email text PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    opens boolean NOT NULL,
    price_drops boolean NOT NULL,
    back_in_stock boolean NOT NULL,
    by_mail boolean NOT NULL,
    by_push boolean NOT NULL,
    at_night boolean NOT NULL,
    consented_at timestamptz NOT NULL,
    secret text NOT NULL UNIQUE
);
COMMENT ON COLUMN notice_choices.secret IS 'in the links that end the mails; of no other use';

-- Each time somebody said yes or no, and to which text.
CREATE TABLE notice_consents (
    id bigserial PRIMARY KEY,
    customer_email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    at timestamptz NOT NULL,
    wording text NOT NULL,
    said jsonb NOT NULL
);
CREATE INDEX notice_consents_of_customer ON notice_consents (customer_email);

CREATE TABLE push_subscriptions (
    id text PRIMARY KEY,
    customer_email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    endpoint text NOT NULL UNIQUE,
    p256dh text NOT NULL,
    auth text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN push_subscriptions.id IS 'sorts by creation';
CREATE INDEX push_subscriptions_of_customer ON push_subscriptions (customer_email, id);

-- A row is a place: of a store a person has one in a business day, and so many in all as there are numbers.
CREATE TABLE notices (
    customer_email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    business_day date NOT NULL,
    place integer NOT NULL,
    store_id text NOT NULL,
    kind text NOT NULL,
    occasion text NOT NULL,
    batch text NOT NULL,
    reached text[] NOT NULL DEFAULT '{}',
    claimed_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (customer_email, business_day, place),
    UNIQUE (customer_email, business_day, store_id)
);
COMMENT ON COLUMN notices.reached IS 'where they were told: mail, ids of push_subscriptions';
COMMENT ON COLUMN notices.told_at IS 'when nothing was left to do';
CREATE INDEX notices_of_batch ON notices (batch, customer_email) WHERE told_at IS NULL;
CREATE INDEX notices_by_day ON notices (business_day);

CREATE TABLE notice_looks (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    until timestamptz NOT NULL
);
COMMENT ON TABLE notice_looks IS 'until when find_occasions has looked';

ALTER TABLE products ADD COLUMN restocked_at timestamptz;
COMMENT ON COLUMN products.restocked_at IS 'when the seller last added pieces of which none was left';

ALTER TABLE tasks DROP CONSTRAINT tasks_lane_check;
ALTER TABLE tasks ADD CONSTRAINT tasks_lane_check CHECK (lane IN ('schedules', 'money', 'webhooks', 'mail', 'notices', 'clean_up'));
CREATE OR REPLACE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail', 'export_mail') THEN 'mail'
        WHEN payload->>'kind' IN ('notice_fan_out', 'notice_batch') THEN 'notices'
        ELSE 'clean_up' END
$$;
