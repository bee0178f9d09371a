ALTER TABLE account_identities ADD COLUMN cut_at timestamptz;
COMMENT ON COLUMN account_identities.cut_at IS 'the person cut the connection at the provider; the identity comes back to its account with the next login';

-- An account whose e-mail nobody has vouched for reserves it for nobody: who has it vouched takes the account over by a link that is mailed there.
CREATE TABLE takeovers (
    token_hash text PRIMARY KEY,
    browser_hash text NOT NULL,
    email text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    account_created_at timestamptz NOT NULL,
    provider text NOT NULL CHECK (provider IN ('google', 'kakao', 'naver')),
    provider_user_id text NOT NULL,
    role text NOT NULL CHECK (role IN ('customer', 'seller')),
    local boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    UNIQUE (email, provider, provider_user_id)
);
COMMENT ON TABLE takeovers IS 'a new one of the same person takes the place of the old one; a used one goes';
COMMENT ON COLUMN takeovers.account_created_at IS 'of the account as it was found: one that was made anew since is another';
