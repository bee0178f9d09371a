-- Sessions that were logged out, until their tokens have ended: Redis answers for them, and may lose its memory.
CREATE TABLE revoked_sessions (
    session_id text PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE INDEX revoked_sessions_until ON revoked_sessions (until);
