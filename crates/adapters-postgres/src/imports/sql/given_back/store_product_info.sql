SELECT p.id AS key, jsonb_build_object('row', jsonb_build_object('product_id', p.id, 'store_id', p.store_id, 'product_name', p.name,
    'initial_stock', p.initial_stock, 'price', p.price, 'sale', nullif(p.sale, 0), 'version', p.version, 'description', p.description,
    'purchased_quantity', p.sold + p.held, 'admin_adjustment', p.adjustment - p.oversold)) AS change
FROM products p WHERE p.updated_at > $1
