-- Whether it is open there its own timer says at the next opening and closing.
SELECT o.store_id || '/' || o.day_of_week AS key, jsonb_build_object('row', jsonb_build_object('store_id', o.store_id, 'day_of_week', o.day_of_week,
    'open_time', o.open_time, 'pickup_start_time', o.pickup_start_time, 'pickup_end_time', o.pickup_end_time, 'close_time', o.close_time,
    'is_open_enabled', o.is_open_enabled, 'updated_at', o.updated_at)) AS change
FROM operation_times o WHERE changed_here('stores', o.store_id)
