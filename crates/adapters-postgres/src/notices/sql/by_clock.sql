-- $1 the day, $2 its day of the week, $3 and $4 the first and last second of the stretch. Only stores that are somebody's favourite.
SELECT o.store_id, 'opens' AS kind, NULL AS product_id, NULL::bigint AS price, NULL::integer AS sale,
       ($1 + o.open_time) AT TIME ZONE 'Asia/Seoul' AS at
FROM operation_times o
WHERE o.day_of_week = $2 AND o.is_open_enabled AND o.open_time >= $3 AND o.open_time <= $4
  AND EXISTS (SELECT FROM favorites f WHERE f.store_id = o.store_id)
UNION ALL
SELECT p.store_id, 'price_drops', p.id, NULL, NULL, ($1 + step.reached) AT TIME ZONE 'Asia/Seoul'
FROM products p
JOIN operation_times o ON o.store_id = p.store_id AND o.day_of_week = $2 AND o.is_open_enabled
CROSS JOIN LATERAL (
    SELECT o.pickup_end_time - '00:00'::time - make_interval(mins => (s ->> 'minutes_before_pickup_end')::integer) AS reached
    FROM jsonb_array_elements(p.price_steps) s
) step
WHERE p.price_steps <> '[]' AND step.reached >= $3 - '00:00'::time AND step.reached <= $4 - '00:00'::time
  AND EXISTS (SELECT FROM favorites f WHERE f.store_id = p.store_id)
