-- What cuts a person's link at a provider that has no admin key for it: their refresh token, sealed as every secret is.
CREATE TABLE link_tokens (
    link text PRIMARY KEY,
    token text NOT NULL,
    stored_at timestamptz NOT NULL
);
COMMENT ON TABLE link_tokens IS 'outlives the account until the link is cut: then the row goes';
COMMENT ON COLUMN link_tokens.link IS 'provider/id of the user there';
