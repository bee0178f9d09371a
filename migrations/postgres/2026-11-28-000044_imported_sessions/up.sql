-- Sessions that began at the Python service and go on here, until the token ends with which they came: a token is exchanged once.
CREATE TABLE imported_sessions (
    session_id text PRIMARY KEY,
    began_at timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX imported_sessions_until ON imported_sessions (until);
