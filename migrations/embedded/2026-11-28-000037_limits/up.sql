-- Redis' counts of calls and of open streams. `recovered`: when all that was let through has recovered; `admitted`: what the last call was told.
CREATE TABLE embedded.rate_limits (
    key text PRIMARY KEY,
    recovered timestamptz NOT NULL,
    admitted boolean NOT NULL
);
CREATE TABLE embedded.open_streams (
    account text NOT NULL,
    stream text NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (account, stream)
);
