-- Lanes, turns by store, and claims that only their owner can end. What the version before inserts gets its lane and turn from the trigger.
ALTER TABLE tasks
    ADD COLUMN lane text CHECK (lane IN ('schedules', 'money', 'webhooks', 'mail', 'clean_up')),
    ADD COLUMN store_id text,
    ADD COLUMN turn timestamptz,
    ADD COLUMN claim text,
    ADD COLUMN again boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tasks.store_id IS 'whose share of the lane it takes; NULL: nobody''s';
COMMENT ON COLUMN tasks.turn IS 'the order in its lane, on the product''s clock: run_at, or later where its store has others waiting';
COMMENT ON COLUMN tasks.claim IS 'worker:random, of whoever claimed it last; NULL once it was taken away';
COMMENT ON COLUMN tasks.again IS 'its cause came again while it was under way: to be done once more';

CREATE FUNCTION task_lane(job text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN job IN ('resolve_holds', 'process_refunds', 'end_pickups') THEN 'money'
        WHEN job IS NOT NULL THEN 'schedules'
        WHEN payload->>'kind' = 'webhook' THEN 'webhooks'
        WHEN payload->>'kind' IN ('order_mail', 'takeover_mail') THEN 'mail'
        ELSE 'clean_up' END
$$;

UPDATE tasks SET lane = task_lane(job, payload), turn = run_at WHERE status <> 'done';

-- Start-time fair queueing: a store's n-th waiting task has its turn n seconds after the first, so that a thousand of one store stand
-- behind one of another. When nobody else waits they are done ahead of their turn (claim.sql). attempts = 0: what waits for its next
-- attempt, hours away perhaps, puts nothing off.
CREATE FUNCTION tasks_queue_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lane := task_lane(NEW.job, NEW.payload);
    NEW.turn := NEW.run_at;
    IF NEW.store_id IS NOT NULL THEN
        SELECT greatest(NEW.run_at, max(t.turn) + interval '1 second') INTO NEW.turn
        FROM tasks t
        WHERE t.status = 'pending' AND t.attempts = 0 AND t.lane = NEW.lane AND t.store_id = NEW.store_id AND t.turn >= NEW.run_at;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tasks_queue_up BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_queue_up();

-- An order's mail waits while an earlier one of the same order is under way, or is due as well. One that waits for its next attempt holds
-- up nothing; it is not sent any more then.
CREATE FUNCTION mail_waits(mail jsonb, now timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT mail->>'kind' = 'order_mail' AND EXISTS (
        SELECT 1 FROM tasks earlier
        WHERE earlier.id = ANY (CASE mail->>'event'
                WHEN 'placed' THEN '{}'
                WHEN 'accepted' THEN ARRAY['mail:placed:' || (mail->>'payment_id')]
                ELSE ARRAY['mail:placed:' || (mail->>'payment_id'), 'mail:accepted:' || (mail->>'payment_id')] END)
          AND (earlier.status = 'running' OR (earlier.status = 'pending' AND earlier.run_at <= now)))
$$;

CREATE INDEX tasks_in_turn ON tasks (lane, turn) WHERE status = 'pending';
CREATE INDEX tasks_ahead ON tasks (lane, turn) WHERE status = 'pending' AND turn > run_at;
CREATE INDEX tasks_of_store ON tasks (lane, store_id, turn) WHERE status = 'pending' AND attempts = 0 AND store_id IS NOT NULL;
DROP INDEX tasks_due;
