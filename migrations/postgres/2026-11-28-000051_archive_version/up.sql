-- The version of the archive of orders, under which what was read of it may be kept: another one whenever orders go there, or somebody
-- is erased from it. Random, not counted: after a failover that lost the last changes, a number that was counted on would come again for
-- something else.
CREATE TABLE archive_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE archive_version IS 'derived: one row';

INSERT INTO archive_version DEFAULT VALUES;

CREATE FUNCTION change_archive_version() RETURNS void LANGUAGE sql AS $$
    UPDATE archive_version SET version = DEFAULT
$$;

-- Orders leave the table when the archive has them. With them the version changes, so that no list can miss them: a trigger, since a
-- process of the version before may be the one that deletes.
CREATE FUNCTION orders_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone) THEN
        PERFORM change_archive_version();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_went AFTER DELETE ON orders
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION orders_went();
