INSERT INTO operation_times (store_id, day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled, updated_at)
SELECT s.id, d.day_of_week, d.open_time, d.close_time, d.pickup_start_time, d.pickup_end_time, d.is_open_enabled, s.hours_since
FROM jsonb_to_recordset($1) AS s (id text, week jsonb, hours_since timestamptz) JOIN stores ON stores.id = s.id,
     jsonb_to_recordset(s.week) AS d (
         day_of_week smallint, open_time time, close_time time, pickup_start_time time, pickup_end_time time, is_open_enabled boolean)
ORDER BY s.id, d.day_of_week
ON CONFLICT (store_id, day_of_week) DO UPDATE
SET open_time = excluded.open_time, close_time = excluded.close_time, pickup_start_time = excluded.pickup_start_time,
    pickup_end_time = excluded.pickup_end_time, is_open_enabled = excluded.is_open_enabled, updated_at = excluded.updated_at
