-- People who run the service. The setting's own are rows as well, from their first login on.
CREATE TABLE operators (
    email text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('viewer', 'support', 'admin')),
    invited_by text,
    by_setting boolean NOT NULL,
    created_at timestamptz NOT NULL,
    totp_secret text,
    enrolled boolean NOT NULL DEFAULT false,
    totp_step bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN operators.totp_secret IS 'sealed; of an app that is enrolled, or about to be';
COMMENT ON COLUMN operators.totp_step IS 'the step of the last code that was used: it and those before are used up';

CREATE TABLE operator_recovery_codes (
    email text NOT NULL REFERENCES operators ON DELETE CASCADE,
    hash text NOT NULL,
    PRIMARY KEY (email, hash)
);

CREATE TABLE operator_sessions (
    hash text PRIMARY KEY,
    email text NOT NULL REFERENCES operators ON DELETE CASCADE,
    confirmed boolean NOT NULL DEFAULT false,
    expires_at timestamptz NOT NULL
);
COMMENT ON COLUMN operator_sessions.hash IS 'of the token, which the browser alone has';
CREATE INDEX operator_sessions_of_operator ON operator_sessions (email);

-- What they looked at and did. A form begins one action; what came of it is a row of its own.
CREATE TABLE operator_log (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL,
    operator text,
    event text NOT NULL,
    about text,
    detail text,
    reason text,
    form text,
    outcome text,
    request_id text
);
COMMENT ON COLUMN operator_log.operator IS 'NULL: somebody at a terminal';
CREATE UNIQUE INDEX operator_log_once ON operator_log (form) WHERE outcome IS NULL;
CREATE INDEX operator_log_outcomes ON operator_log (form) WHERE outcome IS NOT NULL;
CREATE INDEX operator_log_about ON operator_log (about, id);
CREATE TRIGGER operator_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_log
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Who is at a discrepancy, and how it was closed. Without a row it is open.
CREATE TABLE discrepancy_cases (
    entry bigint PRIMARY KEY,
    assigned_to text,
    closed_at timestamptz,
    closed_by text,
    reason text
);
COMMENT ON COLUMN discrepancy_cases.entry IS 'the id in audit_log, whose entries of this kind are never archived';

-- One word more than before: no row need be looked at.
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check
    CHECK (reason IN ('mismatch', 'store_closed', 'late', 'canceled_by_customer', 'canceled_by_store', 'store_closing',
                      'pickup_over', 'day_over', 'canceled_at_provider', 'canceled_by_operator')) NOT VALID;
