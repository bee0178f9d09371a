SELECT o.payment_id AS key, jsonb_build_object('row', jsonb_build_object('payment_id', o.payment_id, 'product_id', o.product_id,
    'customer_id', o.customer_email, 'quantity', o.quantity, 'price', o.price, 'sale', nullif(o.sale, 0), 'total_amount', o.total_amount,
    'status', o.status, 'reservation_at', o.reservation_at, 'accepted_at', o.accepted_at, 'completed_at', o.completed_at,
    'canceled_at', o.canceled_at, 'cancel_reason', o.cancel_reason, 'preferred_menus', array_to_string(o.preferred_menus, ','),
    'nutrition_types', array_to_string(o.nutrition_types, ','), 'allergies', array_to_string(o.allergies, ','),
    'topping_types', array_to_string(o.topping_types, ','))) AS change
FROM orders o WHERE greatest(o.reservation_at, o.accepted_at, o.completed_at, o.canceled_at) > $1
