-- customers
SELECT a.email, jsonb_build_object('email', a.email, 'is_active', a.is_active, 'created_at', a.created_at)
FROM accounts a WHERE a.role = 'customer' AND (a.created_at > $1 OR NOT a.is_active)
-- sellers
SELECT a.email, jsonb_build_object('email', a.email, 'is_active', a.is_active, 'created_at', a.created_at)
FROM accounts a WHERE a.role = 'seller' AND a.email NOT LIKE '%@imported.invalid' AND (a.created_at > $1 OR NOT a.is_active)
-- customer_details
SELECT c.email, jsonb_build_object('customer_email', c.email, 'nickname', c.nickname, 'phone_number', c.phone_number, 'created_at', c.created_at, 'updated_at', c.updated_at)
FROM customers c WHERE c.updated_at > $1
-- customer_preferences
SELECT p.email || '/' || p.kind || '/' || p.word, jsonb_build_object('kind', p.kind, 'customer_email', p.email, 'word', p.word, 'created_at', p.created_at)
FROM customer_preferences p WHERE p.created_at > $1
-- stores
SELECT s.id, jsonb_build_object('store_id', s.id, 'store_name', s.name, 'seller_email', s.seller_email, 'created_at', s.created_at,
    'store_introduction', s.introduction, 'store_phone', s.phone, 'store_postal_code', s.postal_code, 'store_address', s.address,
    'store_detail_address', s.detail_address, 'sido', s.sido, 'sigungu', s.sigungu, 'bname', s.bname, 'lat', s.lat, 'lng', s.lng,
    'nearest_station', s.nearest_station, 'walking_time', s.walking_time)
FROM stores s WHERE s.updated_at > $1
-- store_sns
SELECT s.id, jsonb_build_object('store_id', s.id, 'instagram', s.instagram, 'facebook', s.facebook, 'x', s.x, 'homepage', s.homepage)
FROM stores s WHERE s.updated_at > $1
-- store_images
SELECT i.key, jsonb_build_object('image_id', i.key, 'store_id', i.store_id, 'is_main', i.is_main, 'display_order', i.display_order)
FROM store_images i
-- store_operation_info
SELECT o.store_id || '/' || o.day_of_week, jsonb_build_object('store_id', o.store_id, 'day_of_week', o.day_of_week, 'open_time', o.open_time,
    'pickup_start_time', o.pickup_start_time, 'pickup_end_time', o.pickup_end_time, 'close_time', o.close_time,
    'is_open_enabled', o.is_open_enabled, 'updated_at', o.updated_at)
FROM operation_times o WHERE o.updated_at > $1
-- store_product_info
SELECT p.id, jsonb_build_object('product_id', p.id, 'store_id', p.store_id, 'product_name', p.name, 'initial_stock', p.initial_stock, 'price', p.price,
    'sale', nullif(p.sale, 0), 'version', p.version, 'description', p.description, 'purchased_quantity', p.sold + p.held,
    'admin_adjustment', p.adjustment, 'nutrition_types', p.nutrition_types)
FROM products p WHERE p.updated_at > $1
-- customer_favorites
SELECT f.customer_email || '/' || f.store_id, jsonb_build_object('customer_email', f.customer_email, 'store_id', f.store_id, 'created_at', f.created_at)
FROM favorites f WHERE f.created_at > $1
-- cart_items
SELECT h.payment_id, jsonb_build_object('payment_id', h.payment_id, 'product_id', h.product_id, 'quantity', h.quantity, 'price', h.price,
    'created_at', h.created_at, 'sale', nullif(h.sale, 0), 'total_amount', h.total_amount, 'customer_id', h.customer_email)
FROM holds h WHERE h.state = 'held'
-- order_current_items
SELECT o.payment_id, jsonb_build_object('payment_id', o.payment_id, 'product_id', o.product_id, 'customer_id', o.customer_email,
    'quantity', o.quantity, 'price', o.price, 'sale', nullif(o.sale, 0), 'total_amount', o.total_amount, 'status', o.status,
    'reservation_at', o.reservation_at, 'accepted_at', o.accepted_at, 'completed_at', o.completed_at, 'canceled_at', o.canceled_at,
    'cancel_reason', o.cancel_reason, 'preferred_menus', array_to_string(o.preferred_menus, ','),
    'nutrition_types', array_to_string(o.nutrition_types, ','), 'allergies', array_to_string(o.allergies, ','),
    'topping_types', array_to_string(o.topping_types, ','))
FROM orders o WHERE greatest(o.reservation_at, o.accepted_at, o.completed_at, o.canceled_at) > $1
