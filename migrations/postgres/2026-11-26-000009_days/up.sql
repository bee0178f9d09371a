-- Who waits in the outbox, since when, and for which request.
ALTER TABLE tasks ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(), ADD COLUMN request_id text;
COMMENT ON COLUMN tasks.created_at IS 'real time, as finished_at: the age of the outbox is what a person waits for';
COMMENT ON COLUMN tasks.request_id IS 'the HTTP request that caused the task; jobs log under it';

-- What the outbox still owes, oldest first.
CREATE INDEX tasks_owed ON tasks (created_at) WHERE job IS NULL AND status <> 'done';
