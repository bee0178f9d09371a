CREATE INDEX tasks_due ON tasks (run_at) WHERE status = 'pending';
DROP INDEX tasks_of_store, tasks_ahead, tasks_in_turn;
DROP TRIGGER tasks_queue_up ON tasks;
DROP FUNCTION tasks_queue_up(), mail_waits(jsonb, timestamptz), task_lane(text, jsonb);
ALTER TABLE tasks DROP COLUMN lane, DROP COLUMN store_id, DROP COLUMN turn, DROP COLUMN claim, DROP COLUMN again;
