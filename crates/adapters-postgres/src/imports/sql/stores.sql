-- A seller who has a store here keeps it: another one is a placeholder's. So is the store of an e-mail that is no seller's here.
INSERT INTO stores (id, seller_email, name, introduction, phone, postal_code, address, detail_address, sido, sigungu, bname, lat, lng,
                    nearest_station, walking_time, instagram, facebook, x, homepage, has_product, closed_on, suspended, created_at, updated_at)
SELECT s.id, a.email, s.name, s.introduction, s.phone, s.postal_code, s.address, s.detail_address, s.sido, s.sigungu, s.bname, s.lat, s.lng,
       s.nearest_station, s.walking_time, s.instagram, s.facebook, s.x, s.homepage, s.has_product, s.closed_on,
       s.suspended OR a.email <> s.owner, s.created_at, $2
FROM jsonb_to_recordset($1) AS s (
    id text, owner text, name text, introduction text, phone text, postal_code text, address text, detail_address text, sido text,
    sigungu text, bname text, lat text, lng text, nearest_station text, walking_time integer, instagram text, facebook text, x text,
    homepage text, has_product boolean, closed_on date, suspended boolean, created_at timestamptz)
JOIN accounts a ON a.email = CASE
    WHEN EXISTS (SELECT FROM stores other WHERE other.seller_email = s.owner AND other.id <> s.id)
      OR NOT EXISTS (SELECT FROM accounts owner WHERE owner.email = s.owner AND owner.role = 'seller') THEN lower(s.id) || '@imported.invalid'
    ELSE s.owner END
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, introduction = excluded.introduction, phone = excluded.phone, postal_code = excluded.postal_code,
    address = excluded.address, detail_address = excluded.detail_address, sido = excluded.sido, sigungu = excluded.sigungu,
    bname = excluded.bname, lat = excluded.lat, lng = excluded.lng, nearest_station = excluded.nearest_station,
    walking_time = excluded.walking_time, instagram = excluded.instagram, facebook = excluded.facebook, x = excluded.x,
    homepage = excluded.homepage, has_product = excluded.has_product, closed_on = coalesce(excluded.closed_on, stores.closed_on),
    -- Another store may be chosen for its seller by now: the one that has the seller here keeps them, and goes on.
    suspended = CASE WHEN excluded.seller_email = stores.seller_email THEN excluded.suspended ELSE stores.suspended END, updated_at = excluded.updated_at
