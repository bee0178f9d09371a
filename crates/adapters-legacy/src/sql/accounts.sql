-- All accounts of one e-mail, in whatever case and role.
SELECT p.key, jsonb_build_object('email', p.key, 'accounts', jsonb_agg(p.account ORDER BY p.account ->> 'role', p.email)) AS row
FROM (
    SELECT lower(btrim(c.email, E' \t\r\n\f\v')) AS key, c.email, jsonb_build_object(
        'role', 'customer', 'email', c.email, 'is_active', c.is_active, 'created_at', c.created_at, 'nickname', d.nickname,
        'phone_number', d.phone_number, 'details_created_at', d.created_at, 'details_updated_at', d.updated_at, 'preferences', w.words) AS account
    FROM customers c
    LEFT JOIN customer_details d ON d.customer_email = c.email
    LEFT JOIN (
        SELECT customer_email, jsonb_agg(jsonb_build_object('kind', kind, 'word', word, 'created_at', created_at) ORDER BY kind, id) AS words
        FROM (
            SELECT customer_email, id, 'preferred_menu' AS kind, menu_type::text AS word, created_at FROM customer_preferred_menus
            UNION ALL SELECT customer_email, id, 'nutrition_type', nutrition_type::text, created_at FROM customer_nutrition_types
            UNION ALL SELECT customer_email, id, 'allergy', allergy_type::text, created_at FROM customer_allergies
            UNION ALL SELECT customer_email, id, 'topping_type', topping_type::text, created_at FROM customer_topping_types
        ) preference
        GROUP BY customer_email
    ) w ON w.customer_email = c.email
    UNION ALL
    SELECT lower(btrim(s.email, E' \t\r\n\f\v')), s.email, jsonb_build_object(
        'role', 'seller', 'email', s.email, 'is_active', s.is_active, 'created_at', s.created_at, 'stores', coalesce(n.stores, 0))
    FROM sellers s
    LEFT JOIN (SELECT lower(btrim(seller_email, E' \t\r\n\f\v')) AS key, count(*) AS stores FROM stores GROUP BY 1) n ON n.key = lower(btrim(s.email, E' \t\r\n\f\v'))
) p
GROUP BY p.key
