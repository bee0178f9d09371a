-- Redis' twin: what customers searched for.
CREATE TABLE embedded.search_history (
    customer text NOT NULL,
    search_name text NOT NULL,
    searched_at timestamptz NOT NULL,
    PRIMARY KEY (customer, search_name)
);

-- MongoDB's twin. "order" is the whole order; the columns are what it is looked for by.
CREATE TABLE embedded.order_archive (
    payment_id text PRIMARY KEY,
    customer text NOT NULL,
    store_id text NOT NULL,
    latest_event timestamptz NOT NULL,
    ended_at timestamptz,
    "order" jsonb NOT NULL
);
CREATE INDEX order_archive_customer ON embedded.order_archive (customer, latest_event DESC);
CREATE INDEX order_archive_store ON embedded.order_archive (store_id, latest_event DESC);
CREATE INDEX order_archive_ended ON embedded.order_archive (store_id, ended_at DESC);

CREATE TABLE embedded.stock_reservations (
    product_id text PRIMARY KEY,
    new_stock integer NOT NULL,
    reserved_at timestamptz NOT NULL
);

CREATE TABLE embedded.withdrawals (
    email text PRIMARY KEY,
    role text NOT NULL,
    requested_at timestamptz NOT NULL
);
