-- The sandbox's PortOne: where a merchant's console says that webhooks go, and the secret they are signed with.
CREATE TABLE embedded.portone_webhooks (
    store_id text PRIMARY KEY,
    url text NOT NULL,
    secret text NOT NULL
);
