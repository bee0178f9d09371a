DROP TABLE takeovers;
DELETE FROM account_identities WHERE cut_at IS NOT NULL;
ALTER TABLE account_identities DROP COLUMN cut_at;
