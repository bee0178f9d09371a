SELECT s.id AS key, jsonb_build_object('store_id', s.id, 'store_name', s.name, 'seller_email', s.seller_email, 'created_at', s.created_at,
    'store_introduction', s.introduction, 'store_phone', s.phone, 'store_postal_code', s.postal_code, 'store_address', s.address,
    'store_detail_address', s.detail_address, 'sido', s.sido, 'sigungu', s.sigungu, 'bname', s.bname, 'lat', s.lat, 'lng', s.lng,
    'nearest_station', s.nearest_station, 'walking_time', s.walking_time) AS row
FROM stores s WHERE s.updated_at > $1
