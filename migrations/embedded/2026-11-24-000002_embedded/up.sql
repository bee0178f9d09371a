-- State of the in-process twins and of the sandbox (design.md, rule 9): one for all processes on this database.
CREATE SCHEMA embedded;

CREATE TABLE embedded.clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    offset_ms bigint NOT NULL
);
INSERT INTO embedded.clock (offset_ms) VALUES (0);

CREATE TABLE embedded.revoked_sessions (
    session_id text PRIMARY KEY,
    until timestamptz NOT NULL
);

CREATE TABLE embedded.pending_logins (
    state text PRIMARY KEY,
    login jsonb NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE embedded.mails (
    message_id text PRIMARY KEY,
    recipient text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    sent_at timestamptz NOT NULL
);

-- The sandbox's OAuth providers: codes and tokens they have issued.
CREATE TABLE embedded.oauth_grants (
    token text PRIMARY KEY,
    provider text NOT NULL,
    is_code boolean NOT NULL,
    email text NOT NULL,
    query jsonb NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now()
);

-- The sandbox's PortOne: its books, the answers it has to repeat, the bad day it is to play.
CREATE TABLE embedded.portone_payments (
    id text PRIMARY KEY,
    payment jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE embedded.portone_answers (
    key text PRIMARY KEY,
    request text NOT NULL,
    status integer,
    body jsonb
);

CREATE TABLE embedded.portone_faults (
    id bigserial PRIMARY KEY,
    on_call text NOT NULL,
    action text NOT NULL,
    delay_ms bigint NOT NULL DEFAULT 0,
    times integer NOT NULL
);
