WITH due AS (
    DELETE FROM operation_reservations WHERE created_at < $1 RETURNING store_id, days
), applied AS (
    UPDATE operation_times t
    SET open_time = d.open_time, close_time = d.close_time, pickup_start_time = d.pickup_start_time,
        pickup_end_time = d.pickup_end_time, is_open_enabled = d.is_open_enabled, updated_at = $2
    FROM due CROSS JOIN LATERAL jsonb_to_recordset(due.days) AS d (
        day_of_week smallint, open_time time, close_time time, pickup_start_time time, pickup_end_time time, is_open_enabled boolean)
    WHERE t.store_id = due.store_id AND t.day_of_week = d.day_of_week
)
SELECT store_id FROM due
