ALTER TABLE accounts ADD COLUMN imported_at timestamptz;
COMMENT ON COLUMN accounts.imported_at IS 'when the account was brought over from the Python service; NULL: it was made here';
