SELECT s.id, s.seller_email, s.name, s.introduction, s.phone, s.postal_code, s.address, s.detail_address, s.sido, s.sigungu,
       s.bname, s.lat, s.lng, s.nearest_station, s.walking_time, s.instagram, s.facebook, s.x, s.homepage, s.has_product,
       s.closed_on, s.suspended, s.withheld, s.created_at, s.updated_at, v.rating_count, v.rating_sum, v.version,
       EXISTS (SELECT 1 FROM favorites f WHERE f.customer_email = $1 AND f.store_id = s.id) AS is_favorite,
       EXISTS (SELECT 1 FROM store_payments sp WHERE sp.store_id = s.id) AS payment_ready,
       (SELECT json_agg(json_build_object('id', o.id, 'day_of_week', o.day_of_week, 'open_time', o.open_time, 'close_time', o.close_time,
                                          'pickup_start_time', o.pickup_start_time, 'pickup_end_time', o.pickup_end_time,
                                          'is_open_enabled', o.is_open_enabled, 'updated_at', o.updated_at) ORDER BY o.day_of_week)
          FROM operation_times o WHERE o.store_id = s.id)::text AS operation_times,
       (SELECT json_agg(json_build_object('key', i.key, 'is_main', i.is_main, 'display_order', i.display_order) ORDER BY i.is_main DESC, i.display_order, i.key)
          FROM store_images i WHERE i.store_id = s.id)::text AS images,
       (SELECT json_agg(json_build_object('id', p.id, 'store_id', p.store_id, 'name', p.name, 'description', p.description, 'price', p.price,
                                          'sale', p.sale, 'initial_stock', p.initial_stock, 'sold', p.sold, 'held', p.held,
                                          'adjustment', p.adjustment, 'version', p.version, 'nutrition_types', p.nutrition_types,
                                          'max_per_customer', p.max_per_customer, 'price_steps', p.price_steps)
                        ORDER BY p.id)
          FROM products p WHERE p.store_id = s.id)::text AS products
FROM stores s JOIN store_versions v ON v.store_id = s.id
