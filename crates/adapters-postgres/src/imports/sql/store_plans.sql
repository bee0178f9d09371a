WITH store AS (
    SELECT s.id, s.planned, s.planned_at FROM jsonb_to_recordset($1) AS s (id text, planned jsonb, planned_at timestamptz) JOIN stores ON stores.id = s.id
), gone AS (
    DELETE FROM operation_reservations r USING store WHERE r.store_id = store.id AND store.planned_at IS NULL
)
INSERT INTO operation_reservations (store_id, days, created_at) SELECT id, planned, planned_at FROM store WHERE planned_at IS NOT NULL
ON CONFLICT (store_id) DO UPDATE SET days = excluded.days, created_at = excluded.created_at
