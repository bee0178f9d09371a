-- What people typed before this version, as it would be stored today (crates/domain/src/shared/text.rs): NFC, no white space of any script at
-- the ends; one line has no control, line-breaking or direction-changing characters; a name that shows nothing says so.
CREATE FUNCTION typed_lines(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
    RETURN btrim(normalize(typed, NFC), E'\u0009\u000A\u000B\u000C\u000D\u0020\u0085\u00A0\u1680\u180E\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u200B\u2028\u2029\u202F\u205F\u2060\u2800\u3000\u3164\uFEFF\uFFA0');

CREATE FUNCTION typed_line(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
    RETURN typed_lines(regexp_replace(
        regexp_replace(typed, '[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+', '', 'g'), '[\u0001-\u001f\u007f-\u009f\u2028\u2029]+', ' ', 'g'));

CREATE FUNCTION typed_name(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
    RETURN CASE WHEN typed_line(typed) ~ '^[\s\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufff0-\ufffb\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*$'
                THEN '이름 없음' ELSE typed_line(typed) END;

UPDATE customers SET nickname = typed_name(nickname) WHERE nickname <> typed_name(nickname);
UPDATE stores SET name = typed_name(name) WHERE name <> typed_name(name);
UPDATE stores
SET introduction = typed_lines(introduction), phone = typed_line(phone), postal_code = typed_line(postal_code), address = typed_line(address),
    detail_address = typed_line(detail_address), sido = typed_line(sido), sigungu = typed_line(sigungu), bname = typed_line(bname),
    lat = typed_line(lat), lng = typed_line(lng), nearest_station = typed_line(nearest_station)
WHERE (introduction, phone, postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station) IS DISTINCT FROM
      (typed_lines(introduction), typed_line(phone), typed_line(postal_code), typed_line(address), typed_line(detail_address), typed_line(sido),
       typed_line(sigungu), typed_line(bname), typed_line(lat), typed_line(lng), typed_line(nearest_station));
UPDATE products SET name = typed_name(name) WHERE name <> typed_name(name);
UPDATE products SET description = typed_lines(description) WHERE description <> typed_lines(description);
-- What the archive has of these stays as it is: its orders are of ended days.
UPDATE orders
SET customer_nickname = typed_line(customer_nickname), product_name = typed_line(product_name), store_name = typed_line(store_name),
    cancel_reason = typed_lines(cancel_reason)
WHERE (customer_nickname, product_name, store_name, cancel_reason) IS DISTINCT FROM
      (typed_line(customer_nickname), typed_line(product_name), typed_line(store_name), typed_lines(cancel_reason));

DROP FUNCTION typed_name(text);
DROP FUNCTION typed_line(text);
DROP FUNCTION typed_lines(text);
