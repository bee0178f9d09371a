-- How often all sessions of an account were ended at once, and the one that went on: a token of an earlier number is refused.
ALTER TABLE accounts ADD COLUMN generation bigint NOT NULL DEFAULT 0, ADD COLUMN kept_session text;
