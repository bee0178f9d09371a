SELECT p.product_id AS key, to_jsonb(p) || jsonb_build_object('nutrition_types', n.words) AS row
FROM store_product_info p
LEFT JOIN (
    SELECT product_id, jsonb_agg(nutrition_type::text ORDER BY nutrition_type) AS words FROM product_nutrition GROUP BY product_id
) n ON n.product_id = p.product_id
