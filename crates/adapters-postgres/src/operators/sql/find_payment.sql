SELECT coalesce(jsonb_agg(jsonb_build_object('kind', 'payment', 'id', payment_id, 'text', state || ' · ' || customer_email || ' · ' || total_amount || '원')), '[]') AS view
FROM holds WHERE payment_id = $1
