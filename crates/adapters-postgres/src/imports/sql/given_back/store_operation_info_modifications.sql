SELECT s.id AS key, jsonb_build_object('all', jsonb_build_object('of', jsonb_build_object('store_id', s.id), 'rows', coalesce(
    (SELECT jsonb_agg(jsonb_build_object('day_of_week', d.day_of_week, 'new_open_time', d.open_time, 'new_pickup_start_time', d.pickup_start_time,
        'new_pickup_end_time', d.pickup_end_time, 'new_close_time', d.close_time, 'new_is_open_enabled', d.is_open_enabled, 'created_at', r.created_at))
     FROM operation_reservations r, jsonb_to_recordset(r.days) AS d (
         day_of_week integer, open_time time, pickup_start_time time, pickup_end_time time, close_time time, is_open_enabled boolean)
     WHERE r.store_id = s.id), '[]'))) AS change
FROM stores s WHERE changed_here('stores', s.id)
