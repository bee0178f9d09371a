-- A store that has no seller of its own here keeps the one that it has there.
SELECT s.id AS key, jsonb_build_object('row', jsonb_build_object('store_id', s.id, 'store_name', s.name, 'created_at', s.created_at,
    'store_introduction', s.introduction, 'store_phone', s.phone, 'store_postal_code', s.postal_code, 'store_address', s.address,
    'store_detail_address', s.detail_address, 'address', jsonb_build_object('sido', s.sido, 'sigungu', s.sigungu, 'bname', s.bname,
        'lat', s.lat, 'lng', s.lng, 'nearest_station', s.nearest_station, 'walking_time', s.walking_time))
    || CASE WHEN s.seller_email LIKE '%@imported.invalid' THEN '{}' ELSE jsonb_build_object('seller_email', s.seller_email) END) AS change
FROM stores s WHERE changed_here('stores', s.id)
