-- Accounts and the identities that lead to them.
CREATE TABLE accounts (
    email text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('customer', 'seller')),
    is_active boolean NOT NULL DEFAULT true,
    email_vouched boolean NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE account_identities (
    provider text NOT NULL CHECK (provider IN ('google', 'kakao', 'naver')),
    provider_user_id text NOT NULL,
    email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (provider, provider_user_id)
);
CREATE INDEX account_identities_email ON account_identities (email);

CREATE TABLE customers (
    email text PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    nickname text NOT NULL,
    phone_number text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE customer_preferences (
    id bigserial PRIMARY KEY,
    email text NOT NULL REFERENCES customers ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('preferred_menu', 'nutrition_type', 'allergy', 'topping_type')),
    word text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (email, kind, word)
);

-- Stores. has_product: only stores with a product are listed; products are never deleted one by one.
CREATE TABLE stores (
    id text PRIMARY KEY,
    seller_email text NOT NULL UNIQUE REFERENCES accounts ON DELETE CASCADE,
    name text NOT NULL,
    introduction text NOT NULL,
    phone text NOT NULL,
    postal_code text NOT NULL,
    address text NOT NULL,
    detail_address text NOT NULL,
    sido text NOT NULL,
    sigungu text NOT NULL,
    bname text NOT NULL,
    lat text NOT NULL,
    lng text NOT NULL,
    nearest_station text,
    walking_time integer,
    instagram text,
    facebook text,
    x text,
    homepage text,
    has_product boolean NOT NULL DEFAULT false,
    closed_on date,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN stores.closed_on IS 'business day (04:00 to 04:00 KST) on which the seller closed by hand';
CREATE INDEX stores_newest ON stores (created_at DESC, id DESC) WHERE has_product;
CREATE INDEX stores_place ON stores (sido, sigungu, bname, name, id) WHERE has_product;

CREATE TABLE store_payments (
    store_id text PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
    portone_store_id text NOT NULL,
    portone_channel_id text NOT NULL,
    portone_secret text NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE operation_times (
    id bigserial PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    day_of_week smallint NOT NULL CHECK (day_of_week BETWEEN 0 AND 6),
    open_time time NOT NULL,
    close_time time NOT NULL,
    pickup_start_time time NOT NULL,
    pickup_end_time time NOT NULL,
    is_open_enabled boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (store_id, day_of_week)
);

CREATE TABLE store_images (
    key text PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    is_main boolean NOT NULL,
    display_order integer NOT NULL
);
CREATE INDEX store_images_store ON store_images (store_id);
CREATE UNIQUE INDEX store_images_one_main ON store_images (store_id) WHERE is_main;

CREATE TABLE favorites (
    customer_email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (customer_email, store_id)
);
CREATE INDEX favorites_store ON favorites (store_id);

-- Products. The counters change in place at each purchase: room on the page keeps those updates off the indexes.
CREATE TABLE products (
    id text PRIMARY KEY,
    store_id text NOT NULL REFERENCES stores ON DELETE CASCADE,
    name text NOT NULL,
    description text NOT NULL,
    price bigint NOT NULL CHECK (price > 0),
    sale integer NOT NULL CHECK (sale BETWEEN 0 AND 100),
    initial_stock integer NOT NULL CHECK (initial_stock >= 0),
    sold integer NOT NULL DEFAULT 0 CHECK (sold >= 0),
    held integer NOT NULL DEFAULT 0 CHECK (held >= 0),
    adjustment integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    nutrition_types text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT products_nothing_sold_twice CHECK (initial_stock + adjustment - sold - held >= 0)
) WITH (fillfactor = 70);
CREATE INDEX products_store ON products (store_id, id);

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX stores_name_trgm ON stores USING gin (name gin_trgm_ops);
CREATE INDEX products_name_trgm ON products USING gin (name gin_trgm_ops);

-- Holds: one row for each payment/init, kept as the memory of what its payment came to.
CREATE TABLE holds (
    payment_id text PRIMARY KEY,
    customer_email text NOT NULL,
    product_id text NOT NULL,
    store_id text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    price bigint NOT NULL,
    sale integer NOT NULL,
    total_amount bigint NOT NULL CHECK (total_amount > 0),
    portone_store_id text NOT NULL,
    business_day date NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'ordered', 'released', 'refunded')),
    ended_because text CHECK (ended_because IN ('expired', 'given_up', 'failed')),
    ended_at timestamptz,
    next_look_at timestamptz
);
COMMENT ON COLUMN holds.next_look_at IS 'when PortOne is to be asked about this payment: the end of the hold, later the looks after it';
CREATE INDEX holds_due ON holds (next_look_at) WHERE next_look_at IS NOT NULL;

-- Orders of business days that are not archived yet.
CREATE TABLE orders (
    payment_id text PRIMARY KEY,
    customer_email text NOT NULL,
    customer_nickname text NOT NULL,
    customer_phone_number text NOT NULL,
    product_id text NOT NULL,
    product_name text NOT NULL,
    store_id text NOT NULL,
    store_name text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    price bigint NOT NULL,
    sale integer NOT NULL,
    total_amount bigint NOT NULL CHECK (total_amount > 0),
    status text NOT NULL CHECK (status IN ('reservation', 'accept', 'complete', 'cancel')),
    business_day date NOT NULL,
    reservation_at timestamptz NOT NULL,
    accepted_at timestamptz,
    completed_at timestamptz,
    canceled_at timestamptz,
    cancel_reason text,
    preferred_menus text[],
    nutrition_types text[],
    allergies text[],
    topping_types text[]
);
CREATE INDEX orders_customer ON orders (customer_email, business_day);
CREATE INDEX orders_store ON orders (store_id, business_day);

-- Refunds: exactly one for each payment that goes back.
CREATE TABLE refunds (
    payment_id text PRIMARY KEY,
    store_id text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('mismatch', 'store_closed', 'late')),
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'processing', 'succeeded', 'failed', 'unknown')),
    attempts integer NOT NULL DEFAULT 0,
    key_generation integer NOT NULL DEFAULT 1,
    requested_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    last_answer text
);
CREATE INDEX refunds_due ON refunds (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- The outbox and the ledger of scheduled runs. run_at is on the product's clock, locked_at and finished_at are real time.
CREATE TABLE tasks (
    id text PRIMARY KEY,
    job text,
    due_at timestamptz,
    payload jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    run_at timestamptz NOT NULL,
    locked_by text,
    locked_at timestamptz,
    finished_at timestamptz,
    last_error text
);
COMMENT ON COLUMN tasks.due_at IS 'of a scheduled run: the instant of its schedule; run_at is later when it was tried again';
COMMENT ON COLUMN tasks.id IS 'names the event or (job, due instant): the same one is never enqueued twice';
CREATE INDEX tasks_due ON tasks (run_at) WHERE status = 'pending';
CREATE INDEX tasks_running ON tasks (locked_by) WHERE status = 'running';
CREATE INDEX tasks_finished ON tasks (finished_at) WHERE status IN ('done', 'dead');
CREATE INDEX tasks_job ON tasks (job, due_at DESC) WHERE job IS NOT NULL;
CREATE UNIQUE INDEX tasks_one_run_at_a_time ON tasks (job) WHERE job IS NOT NULL AND status IN ('pending', 'running');
