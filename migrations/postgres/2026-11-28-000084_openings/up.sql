CREATE INDEX CONCURRENTLY operation_times_opening ON operation_times (day_of_week, open_time) WHERE is_open_enabled;
