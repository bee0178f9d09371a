-- What the service that had this one's place has taken since, for the old one to go on with. All of it or nothing.
--     psql -q -v ON_ERROR_STOP=1 -o /dev/null -f postgresql.sql URL
SET client_encoding = 'UTF8';
BEGIN;

-- E-mails as they are written here, by what both services know them by.
CREATE TEMPORARY TABLE written ON COMMIT DROP AS
SELECT p.*, encode(sha256(convert_to(lowered, 'UTF8')), 'hex') AS hash
FROM (SELECT 'customers' AS account, lower(btrim(email, E' \t\r\n\f\v')) AS lowered, email, is_active, created_at FROM customers
      UNION ALL SELECT 'sellers', lower(btrim(email, E' \t\r\n\f\v')), email, is_active, created_at FROM sellers) p;
CREATE INDEX ON written (lowered);
CREATE INDEX ON written (hash);
ANALYZE written;

-- The spelling of an e-mail; as it came where nobody has it.
CREATE FUNCTION pg_temp.spelled(of_account text, given text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(
        (SELECT email FROM pg_temp.written WHERE account = of_account AND lowered = given ORDER BY is_active IS FALSE, created_at LIMIT 1), given)
$$;

CREATE FUNCTION pg_temp.as_written(tab text, given jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    field text;
    account text;
BEGIN
    FOR field, account IN VALUES ('email', tab), ('customer_email', 'customers'), ('customer_id', 'customers'), ('seller_email', 'sellers') LOOP
        IF given ? field THEN
            given := given || jsonb_build_object(field, pg_temp.spelled(account, given ->> field));
        END IF;
    END LOOP;
    RETURN given;
END $$;

-- Whether a row has the given columns; an e-mail in whatever case: of two spellings one person is here.
CREATE FUNCTION pg_temp.same(names text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE WHEN name IN ('email', 'customer_email')
        THEN format('o.%1$I = ANY (ARRAY(SELECT w.email FROM pg_temp.written w WHERE w.lowered = lower(btrim(n.%1$I, E'' \t\r\n\f\v''))))', name)
        ELSE format('o.%1$I = n.%1$I', name) END, ' AND ')
    FROM unnest(names) name
$$;

-- One row, in the place of those with the same key; `new` is what one has besides that was not there.
CREATE FUNCTION pg_temp.give(tab text, key text[], given jsonb, new jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written jsonb := pg_temp.as_written(tab, given);
    columns text := (SELECT string_agg(quote_ident(name), ', ') FROM jsonb_object_keys(written) name WHERE name <> ALL (key));
    changed bigint := 0;
BEGIN
    IF columns IS NOT NULL THEN
        EXECUTE format('UPDATE %1$I o SET (%2$s) = (SELECT %2$s FROM jsonb_populate_record(NULL::%1$I, $1))
                        FROM jsonb_populate_record(NULL::%1$I, $1) n WHERE %3$s', tab, columns, pg_temp.same(key)) USING written;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed = 0 THEN
        written := new || written;
        columns := (SELECT string_agg(quote_ident(name), ', ') FROM jsonb_object_keys(written) name);
        EXECUTE format('INSERT INTO %1$I (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$I, $1)', tab, columns) USING written;
    END IF;
END $$;

-- No row with these columns.
CREATE FUNCTION pg_temp.gone(tab text, key jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %1$I o USING jsonb_populate_record(NULL::%1$I, $1) n WHERE %2$s', tab,
                   pg_temp.same(ARRAY(SELECT jsonb_object_keys(key)))) USING key;
END $$;

-- Of the rows with these columns these and no others.
CREATE FUNCTION pg_temp.give_all(tab text, of jsonb, given jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.gone(tab, of);
    PERFORM pg_temp.give(tab, ARRAY(SELECT jsonb_object_keys(of || one)), of || one) FROM jsonb_array_elements(given) one;
END $$;

-- A store and its address, which has a row of its own.
CREATE FUNCTION pg_temp.give_store(given jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place integer := (SELECT address_id FROM stores s WHERE s.store_id = given ->> 'store_id'
                      AND NOT EXISTS (SELECT FROM stores other WHERE other.address_id = s.address_id AND other.store_id <> s.store_id));
    address store_addresses := jsonb_populate_record(NULL::store_addresses, given -> 'address');
BEGIN
    IF place IS NULL THEN
        INSERT INTO store_addresses (sido, sigungu, bname, lat, lng, nearest_station, walking_time)
        VALUES (address.sido, address.sigungu, address.bname, address.lat, address.lng, address.nearest_station, address.walking_time)
        RETURNING address_id INTO place;
    ELSE
        PERFORM pg_temp.give('store_addresses', '{address_id}', given -> 'address' || jsonb_build_object('address_id', place));
    END IF;
    PERFORM pg_temp.give('stores', '{store_id}', given - 'address' || jsonb_build_object('address_id', place));
END $$;

-- Planned hours stand with the hours in force.
CREATE FUNCTION pg_temp.give_plans(store text, given jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM store_operation_info_modifications m USING store_operation_info o WHERE o.operation_id = m.operation_id AND o.store_id = store;
    INSERT INTO store_operation_info_modifications (operation_id, new_open_time, new_pickup_start_time, new_pickup_end_time, new_close_time,
                                                    new_is_open_enabled, created_at)
    SELECT o.operation_id, n.new_open_time, n.new_pickup_start_time, n.new_pickup_end_time, n.new_close_time, n.new_is_open_enabled, n.created_at
    FROM jsonb_to_recordset(given) AS n (day_of_week integer, new_open_time time, new_pickup_start_time time, new_pickup_end_time time,
                                         new_close_time time, new_is_open_enabled boolean, created_at timestamptz)
    JOIN store_operation_info o ON o.store_id = store AND o.day_of_week = n.day_of_week;
END $$;

-- Somebody who was deleted, in either role. What refers to them goes by the tables' own rules.
CREATE FUNCTION pg_temp.gone_account(of_hash text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM customers c USING pg_temp.written w WHERE w.hash = of_hash AND c.email = w.email;
    DELETE FROM sellers s USING pg_temp.written w WHERE w.hash = of_hash AND s.email = w.email;
END $$;

