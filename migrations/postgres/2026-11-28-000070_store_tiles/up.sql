-- The tile in which a place lies: 4,096 columns from west to east, as many degrees high as wide; NULL where the two are no numbers of a place
-- on earth. `Place` of the domain reads them by the same rule. At most two digits of an exponent, so that each cast succeeds.
CREATE FUNCTION store_tile(lat text, lng text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN length(lat) <= 50 AND lat ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$'
                 AND length(lng) <= 50 AND lng ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$'
        THEN CASE WHEN lat::float8 BETWEEN -90 AND 90 AND lng::float8 BETWEEN -180 AND 180
            THEN (floor((lat::float8 + 90) / 0.087890625::float8) * 8192 + floor((lng::float8 + 180) / 0.087890625::float8))::integer
        END
    END;

-- A version for each tile, under which the places of its stores may be kept, as those of stores are: another one whenever a store with a
-- product comes, goes or moves.
CREATE TABLE store_tiles (
    tile integer PRIMARY KEY,
    version bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE store_tiles IS 'derived: a trigger keeps it; a tile without a row has no store';

CREATE FUNCTION store_placed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tiles integer[];
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.has_product THEN
        tiles := tiles || store_tile(OLD.lat, OLD.lng);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.has_product THEN
        tiles := tiles || store_tile(NEW.lat, NEW.lng);
    END IF;
    -- In the order of their numbers: two stores that change places do not wait for each other. Once in a transaction is enough.
    INSERT INTO store_tiles AS t (tile) SELECT DISTINCT tile FROM unnest(tiles) tile WHERE tile IS NOT NULL ORDER BY tile
    ON CONFLICT (tile) DO UPDATE SET version = DEFAULT WHERE t.xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END $$;

-- At the end of the transaction, when it has all its other locks.
CREATE CONSTRAINT TRIGGER store_placed AFTER INSERT OR DELETE OR UPDATE OF lat, lng, has_product ON stores
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION store_placed();

INSERT INTO store_tiles (tile)
SELECT DISTINCT store_tile(lat, lng) FROM stores WHERE has_product AND store_tile(lat, lng) IS NOT NULL;
