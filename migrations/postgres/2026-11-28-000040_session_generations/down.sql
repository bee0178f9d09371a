ALTER TABLE accounts DROP COLUMN generation, DROP COLUMN kept_session;
