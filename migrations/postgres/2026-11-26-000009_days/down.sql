DROP INDEX tasks_owed;
ALTER TABLE tasks DROP COLUMN created_at, DROP COLUMN request_id;
