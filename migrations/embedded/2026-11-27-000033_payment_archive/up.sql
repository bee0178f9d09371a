-- MongoDB's twin. rows is all that was kept of a payment; the columns are what it is looked for by.
CREATE TABLE embedded.payment_archive (
    payment_id text PRIMARY KEY,
    people text[] NOT NULL,
    begun_at timestamptz NOT NULL,
    rows jsonb NOT NULL
);
CREATE INDEX payment_archive_people ON embedded.payment_archive USING gin (people);
